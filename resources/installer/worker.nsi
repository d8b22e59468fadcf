; The worker's installer. Built by `python dev.py build --windows`.
;     Setup.exe /S /JOIN=hivemind://  in silence, and joins a pool; more in common.nsh
Target amd64-unicode
!define PRODUCT "HiveMind Worker"
!define WINDOW "HiveMind-Worker"
!define CONSOLE "hivemind-agent"
!define KEY "HiveMind-Worker"
!define DATA "worker"
!define LOGIN_FLAGS " --minimized"

!macro MORE_FILES
  ; hivemind:// links open the worker, which asks before it joins.
  WriteRegStr HKCU "Software\Classes\hivemind" "" "URL:HiveMind join link"
  WriteRegStr HKCU "Software\Classes\hivemind" "URL Protocol" ""
  WriteRegStr HKCU "Software\Classes\hivemind\shell\open\command" "" '"$INSTDIR\${WINDOW}.exe" "%1"'
  ; By hand: GetOptions would end the link at its first slash. $R1 gets what follows up to a space, without quotes.
  ${GetParameters} $R0
  StrLen $R2 $R0
  StrCpy $R1 ""
  StrCpy $R3 0
  join_seek:
    IntCmp $R3 $R2 join_known 0 join_known
    StrCpy $R4 $R0 6 $R3
    StrCmp $R4 "/JOIN=" join_found
    IntOp $R3 $R3 + 1
    Goto join_seek
  join_found:
    IntOp $R3 $R3 + 6
  join_take:
    StrCpy $R4 $R0 1 $R3
    StrCmp $R4 "" join_known
    StrCmp $R4 " " join_known
    IntOp $R3 $R3 + 1
    StrCmp $R4 '"' join_take
    StrCpy $R1 "$R1$R4"
    Goto join_take
  join_known:
  ${If} $R1 != ""
    ; Whoever installs in silence has decided already. The link is a secret for once; it is used up at once.
    ExecWait '"$INSTDIR\${CONSOLE}.exe" join "$R1"' $0
    ${If} $0 <> 0
      SetErrorLevel 4
    ${EndIf}
  ${EndIf}
!macroend

!macro LESS_FILES
  ; The engine outlives this program: what tasks left in it goes with us. Without an engine it ends by itself.
  ExecWait '"$INSTDIR\${CONSOLE}.exe" clean' $0
  DeleteRegKey HKCU "Software\Classes\hivemind"
!macroend

!include "common.nsh"
