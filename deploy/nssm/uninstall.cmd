@echo off
rem Removes Bellhop's services; code, settings and data stay where they are.
rem As an administrator:  deploy\nssm\uninstall.cmd [NAME ...]
rem with the names of the further workers that install.cmd was given.
setlocal enableextensions
for %%I in ("%~dp0..\..") do set "ROOT=%%~fI"
set "FAILED="
if not defined NSSM set "NSSM=nssm"
"%NSSM%" status RpcSs >nul 2>&1
if errorlevel 1 goto no_nssm

echo Stopping the services; a worker finishes its message first
for %%S in (BellhopApi BellhopScheduler BellhopWorker) do call :remove %%S
for %%W in (%*) do call :remove BellhopWorker-%%W
if defined FAILED goto not_removed
echo Kept: everything in %ROOT%, your settings (.env) and data (var) among it.
exit /b 0

:remove
"%NSSM%" status %1 >nul 2>&1
if errorlevel 1 exit /b 0
call :stop %1
"%NSSM%" remove %1 confirm >nul
if errorlevel 1 set "FAILED=%1"
if not defined FAILED echo Removed %1
exit /b 0

:stop
set "LEFT=70"
"%NSSM%" status %1 >nul 2>&1
if errorlevel 1 exit /b 0
rem NSSM waits for some seconds only, and answers 0 when the service is stopped.
:stop_again
"%NSSM%" stop %1 >nul 2>&1
if not errorlevel 1 exit /b 0
ping -n 2 127.0.0.1 >nul
set /a LEFT=LEFT-1
if %LEFT% gtr 0 goto stop_again
set "FAILED=%1"
exit /b 0

:no_nssm
echo NSSM is missing: put nssm.exe on the PATH, or set NSSM to its full path.
exit /b 1
:not_removed
echo The service %FAILED% could not be removed. Is this an administrator's prompt?
exit /b 1
