@echo off
rem Installs Bellhop as Windows services with NSSM, or updates them. Safe to run again.
rem As an administrator:  deploy\nssm\install.cmd [NAME ...]
rem A NAME is that of a further worker: of the queues with worker = "NAME" in bellhop.toml.
rem PYTHON and NSSM may be set to programs that are not on the PATH.
setlocal enableextensions
for %%I in ("%~dp0..\..") do set "ROOT=%%~fI"
set "PY=%ROOT%\.venv\Scripts\python.exe"
set "LOGS=%ROOT%\var\log"
set "WORKERS=%*"
set "FAILED="
if not defined PYTHON set "PYTHON=py"
if not defined NSSM set "NSSM=nssm"

rem Only an administrator may write there.
set "PROBE=%SystemRoot%\System32\bellhop-probe.tmp"
copy nul "%PROBE%" >nul 2>&1
if not exist "%PROBE%" goto not_admin
del "%PROBE%"
rem Every Windows has the service RpcSs.
"%NSSM%" status RpcSs >nul 2>&1
if errorlevel 1 goto no_nssm
"%PYTHON%" -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>&1
if errorlevel 1 goto no_python
rem The services have accounts of their own, which may not look into a person's folders.
"%PYTHON%" -c "import sys; sys.exit('\\users\\' in sys.base_prefix.lower())"
if errorlevel 1 goto own_python

echo Stopping the services; a worker finishes its message first
for %%S in (BellhopApi BellhopScheduler BellhopWorker) do call :stop %%S
for %%W in (%WORKERS%) do call :stop BellhopWorker-%%W
if defined FAILED goto no_stop

echo Python packages in %ROOT%\.venv
"%PYTHON%" "%ROOT%\bellhop.py" --version
if errorlevel 1 exit /b 1
if not exist "%LOGS%" mkdir "%LOGS%"
if not exist "%ROOT%\.env" call :write_settings

echo Setting up the services
call :service BellhopApi 20000 api -m app api
call :service BellhopScheduler 20000 scheduler scheduler.py
rem A worker finishes the message in hand within 48 seconds. Ended earlier, nobody would
rem know whether that message was sent.
call :service BellhopWorker 60000 worker worker.py
for %%W in (%WORKERS%) do call :service BellhopWorker-%%W 60000 worker-%%W worker.py --name %%W
if defined FAILED goto no_service

echo Letting only administrators and the services look into %ROOT%
rem Administrators (S-1-5-32-544) and the system (S-1-5-18) may do all; each service runs
rem under an account of its own, reads everything here and writes below var alone.
icacls "%ROOT%" /inheritance:r /grant:r "*S-1-5-32-544:(OI)(CI)F" "*S-1-5-18:(OI)(CI)F" >nul
if errorlevel 1 goto no_rights
for %%S in (BellhopApi BellhopScheduler BellhopWorker) do call :account %%S
for %%W in (%WORKERS%) do call :account BellhopWorker-%%W
if defined FAILED goto no_rights

echo Bringing the database to this version's tables
cd /d "%ROOT%"
"%PY%" -m app migrate
if errorlevel 1 exit /b 1

echo Starting the services, now and whenever this machine starts
rem What NSSM answers does not matter: it calls a service "pending" for 5 s (AppThrottle).
for %%S in (BellhopApi BellhopScheduler BellhopWorker) do "%NSSM%" start %%S >nul 2>&1
for %%W in (%WORKERS%) do "%NSSM%" start BellhopWorker-%%W >nul 2>&1
"%PY%" -c "import sys, time; from app.config import load; from app.supervisor.readiness import why_not_ready as why; s = load(); any(why(s) is None or time.sleep(1) for _ in range(60)) or sys.exit(why(s))"
if errorlevel 1 goto no_start
echo Bellhop runs. Its API: http://127.0.0.1:8000, unless .env differs.
echo Its settings and API key: %ROOT%\.env
echo Its lines: %LOGS%
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

:write_settings
echo Writing %ROOT%\.env with new random keys
"%PY%" -c "import secrets as s; print('BELLHOP_ENV=production'); print('BELLHOP_SECRET_KEY=' + s.token_urlsafe(48)); print('BELLHOP_API_KEY=' + s.token_urlsafe(48))" >"%ROOT%\.env"
exit /b 0

rem :service NAME MILLISECONDS-TO-STOP LOG ARGUMENT ...
:service
set "NAME=%~1"
"%NSSM%" status %NAME% >nul 2>&1
if errorlevel 1 "%NSSM%" install %NAME% "%PY%" >nul
call :set Application "%PY%"
call :set AppParameters %4 %5 %6
call :set DisplayName Bellhop %~3
call :set Description Booking messages: %~3
rem There are .env and bellhop.toml. No secret belongs into the service's own
rem environment: every user of this machine may read that in the registry.
call :set AppDirectory "%ROOT%"
call :set AppEnvironmentExtra PYTHONUTF8=1 PYTHONUNBUFFERED=1
rem Some minutes after the machine's start, when a Redis or Memurai is up as well. It is
rem no dependency: without it Bellhop starts too, and connects when it is there.
call :set Start SERVICE_DELAYED_AUTO_START
call :set AppStdout "%LOGS%\%~3.log"
call :set AppStderr "%LOGS%\%~3.log"
rem A new file for every 10 MB, while it runs and when it starts.
call :set AppRotateFiles 1
call :set AppRotateOnline 1
call :set AppRotateBytes 10485760
rem Started anew whatever ended it, and more and more slowly if it does not last 5 s ...
call :set AppExit Default Restart
call :set AppRestartDelay 2000
call :set AppThrottle 5000
rem ... but not with a setting that is wrong: the last lines of its log say which.
call :set AppExit 78 Exit
rem To stop it: Ctrl-C, and TerminateProcess when the time is over. It has no window to be
rem closed (2) and no message loop to be quit (4).
call :set AppStopMethodSkip 6
call :set AppStopMethodConsole %2
exit /b 0

:set
"%NSSM%" set %NAME% %* >nul
if errorlevel 1 set "FAILED=%NAME%"
exit /b 0

:account
sc config %1 obj= "NT SERVICE\%1" >nul
if errorlevel 1 set "FAILED=%1"
icacls "%ROOT%" /grant "NT SERVICE\%1:(OI)(CI)RX" >nul
if errorlevel 1 set "FAILED=%1"
icacls "%ROOT%\var" /grant "NT SERVICE\%1:(OI)(CI)M" >nul
if errorlevel 1 set "FAILED=%1"
exit /b 0

:not_admin
echo This must run as an administrator: right-click the command prompt, Run as administrator.
exit /b 1
:no_nssm
echo NSSM is missing: get build 2.24-101 or later from https://nssm.cc/download and put
echo nssm.exe on the PATH, or set NSSM to its full path.
exit /b 1
:no_python
echo Bellhop needs Python 3.11 or newer from https://www.python.org; or set PYTHON to it.
exit /b 1
:own_python
echo This Python is installed for one person alone. Install it for all users (an option of
echo its installer), or set PYTHON to one that is.
exit /b 1
:no_stop
echo The service %FAILED% does not stop.
exit /b 1
:no_service
echo NSSM could not set up the service %FAILED%.
exit /b 1
:no_rights
echo Windows did not accept the account or the rights of %FAILED% in %ROOT%.
exit /b 1
:no_start
echo Not all services are well. The last lines in %LOGS% say why.
exit /b 1
