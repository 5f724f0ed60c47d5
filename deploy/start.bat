@echo off
rem Starts turno beside this file; it opens your browser, signed in. Ctrl-C stops it.
cd /d "%~dp0"
turno.exe up %*
pause
