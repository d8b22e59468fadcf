; What both installers share. Defines given by the builder: SOURCE, OUT, VERSION, ROOT, SIZE_KB.
; Defines of the including script: PRODUCT, WINDOW, CONSOLE, KEY, DATA, LOGIN_FLAGS.
;     Setup.exe /S             in silence, for this user; /LOGIN as well: starts at sign-in
;     Uninstall.exe /S         in silence; data stay unless /DATA=remove
Unicode true
ManifestDPIAware true
Name "${PRODUCT}"
OutFile "${OUT}"
; For this user alone: no administrator is asked.
RequestExecutionLevel user
InstallDir "$LOCALAPPDATA\Programs\${KEY}"
InstallDirRegKey HKCU "Software\${KEY}" "Folder"
SetCompressor /SOLID lzma
BrandingText "HiveMind ${VERSION}"

!include "MUI2.nsh"
!include "FileFunc.nsh"
!include "LogicLib.nsh"
!include "Sections.nsh"

!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\${KEY}"
!define RUN "Software\Microsoft\Windows\CurrentVersion\Run"

!define MUI_ICON "${ROOT}/resources/icons/hivemind.ico"
!define MUI_UNICON "${ROOT}/resources/icons/hivemind.ico"
!define MUI_ABORTWARNING
!define MUI_FINISHPAGE_RUN "$INSTDIR\${WINDOW}.exe"
!define MUI_FINISHPAGE_NOREBOOTSUPPORT
!define MUI_LANGDLL_REGISTRY_ROOT HKCU
!define MUI_LANGDLL_REGISTRY_KEY "Software\${KEY}"
!define MUI_LANGDLL_REGISTRY_VALUENAME "Language"

!insertmacro MUI_PAGE_WELCOME
!insertmacro MUI_PAGE_LICENSE "${ROOT}/LICENSE.txt"
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "TradChinese"
!insertmacro MUI_RESERVEFILE_LANGDLL

LangString TEXT_PROGRAM ${LANG_ENGLISH} "Program files"
LangString TEXT_PROGRAM ${LANG_TRADCHINESE} "程式檔案"
LangString TEXT_LOGIN ${LANG_ENGLISH} "Start when I sign in"
LangString TEXT_LOGIN ${LANG_TRADCHINESE} "登入時啟動"
LangString TEXT_RUNS ${LANG_ENGLISH} "${PRODUCT} is running. Quit it, then try again."
LangString TEXT_RUNS ${LANG_TRADCHINESE} "${PRODUCT} 正在執行。請先結束程式，再試一次。"
LangString TEXT_DATA ${LANG_ENGLISH} "Remove its data as well (settings, logs, results)? They are in $LOCALAPPDATA\hivemind\${DATA}."
LangString TEXT_DATA ${LANG_TRADCHINESE} "是否一併移除資料（設定、日誌、結果）？資料位於 $LOCALAPPDATA\hivemind\${DATA}。"

VIProductVersion "${VERSION}.0"
VIAddVersionKey /LANG=${LANG_ENGLISH} "ProductName" "${PRODUCT}"
VIAddVersionKey /LANG=${LANG_ENGLISH} "FileDescription" "${PRODUCT} installer"
VIAddVersionKey /LANG=${LANG_ENGLISH} "FileVersion" "${VERSION}"
VIAddVersionKey /LANG=${LANG_ENGLISH} "ProductVersion" "${VERSION}"
VIAddVersionKey /LANG=${LANG_ENGLISH} "LegalCopyright" "GNU GPL 3"

; A program that runs holds its own file: it cannot be written to.
!macro REFUSE_WHILE_RUNNING
  ${If} ${FileExists} "$INSTDIR\${CONSOLE}.exe"
    ClearErrors
    FileOpen $0 "$INSTDIR\${WINDOW}.exe" a
    ${IfNot} ${Errors}
      FileClose $0
      ClearErrors
      FileOpen $0 "$INSTDIR\${CONSOLE}.exe" a
    ${EndIf}
    ${If} ${Errors}
      MessageBox MB_OK|MB_ICONEXCLAMATION "$(TEXT_RUNS)" /SD IDOK
      SetErrorLevel 3
      Quit
    ${EndIf}
    FileClose $0
  ${EndIf}
!macroend

Function un.onInit
  !insertmacro MUI_UNGETLANGUAGE
FunctionEnd

Section "$(TEXT_PROGRAM)" PART_PROGRAM
  SectionIn RO
  !insertmacro REFUSE_WHILE_RUNNING
  ; What an older version left would be loaded by this one.
  RMDir /r "$INSTDIR\_internal"
  SetOutPath "$INSTDIR"
  File /r "${SOURCE}/*"
  WriteUninstaller "$INSTDIR\Uninstall.exe"
  CreateDirectory "$SMPROGRAMS\HiveMind"
  CreateShortcut "$SMPROGRAMS\HiveMind\${PRODUCT}.lnk" "$INSTDIR\${WINDOW}.exe"
  WriteRegStr HKCU "Software\${KEY}" "Folder" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayName" "${PRODUCT}"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayIcon" "$INSTDIR\${WINDOW}.exe"
  WriteRegStr HKCU "${UNINSTALL}" "Publisher" "HiveMind"
  WriteRegStr HKCU "${UNINSTALL}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL}" "UninstallString" '"$INSTDIR\Uninstall.exe"'
  WriteRegStr HKCU "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\Uninstall.exe" /S'
  WriteRegDWORD HKCU "${UNINSTALL}" "EstimatedSize" ${SIZE_KB}
  WriteRegDWORD HKCU "${UNINSTALL}" "NoModify" 1
  WriteRegDWORD HKCU "${UNINSTALL}" "NoRepair" 1
  !ifmacrodef MORE_FILES
    !insertmacro MORE_FILES
  !endif
SectionEnd

; Only who asks for it gets it.
Section /o "$(TEXT_LOGIN)" PART_LOGIN
  ; The program's own settings know the entry by this name, and show it.
  WriteRegStr HKCU "${RUN}" "${PRODUCT}" '"$INSTDIR\${WINDOW}.exe"${LOGIN_FLAGS}'
SectionEnd

; After the sections: it names one of them.
Function .onInit
  !insertmacro MUI_LANGDLL_DISPLAY
  ${GetParameters} $R0
  ClearErrors
  ${GetOptions} $R0 "/LOGIN" $R1
  ${IfNot} ${Errors}
    !insertmacro SelectSection ${PART_LOGIN}
  ${EndIf}
FunctionEnd

Section "Uninstall"
  !insertmacro REFUSE_WHILE_RUNNING
  !ifmacrodef LESS_FILES
    !insertmacro LESS_FILES
  !endif
  RMDir /r "$INSTDIR\_internal"
  Delete "$INSTDIR\${WINDOW}.exe"
  Delete "$INSTDIR\${CONSOLE}.exe"
  Delete "$INSTDIR\Uninstall.exe"
  RMDir "$INSTDIR"
  Delete "$SMPROGRAMS\HiveMind\${PRODUCT}.lnk"
  RMDir "$SMPROGRAMS\HiveMind"
  DeleteRegValue HKCU "${RUN}" "${PRODUCT}"
  DeleteRegKey HKCU "${UNINSTALL}"
  DeleteRegKey HKCU "Software\${KEY}"
  ; Nobody is asked in silence, and then nothing of a person's is removed unless they said so.
  ${GetParameters} $R0
  ClearErrors
  ${GetOptions} $R0 "/DATA=" $R1
  StrCmp $R1 "remove" remove
  MessageBox MB_YESNO|MB_ICONQUESTION|MB_DEFBUTTON2 "$(TEXT_DATA)" /SD IDNO IDNO keep
  remove:
    RMDir /r "$LOCALAPPDATA\hivemind\${DATA}"
    RMDir /r "$LOCALAPPDATA\hivemind\Logs\${DATA}"
    RMDir /r "$LOCALAPPDATA\hivemind\Cache\${DATA}"
    RMDir "$LOCALAPPDATA\hivemind\Logs"
    RMDir "$LOCALAPPDATA\hivemind\Cache"
    RMDir "$LOCALAPPDATA\hivemind"
  keep:
SectionEnd
