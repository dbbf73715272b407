@echo off
rem Millrace for the Task Scheduler (install-task.ps1) or by hand. Its settings are in .env, in the folder of the checkout.
cd /d "%~dp0..\.."
node dist\src\cli.js run %*
exit /b %ERRORLEVEL%
