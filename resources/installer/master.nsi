; The master's installer. Built by `python dev.py build --windows`.
Target amd64-unicode
!define PRODUCT "HiveMind Master"
!define WINDOW "HiveMind-Master"
!define CONSOLE "hivemind-masterd"
!define KEY "HiveMind-Master"
!define DATA "master"
!define LOGIN_FLAGS ""
!include "common.nsh"
