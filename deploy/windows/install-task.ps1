# Lets the Task Scheduler start run_sync.bat at system start-up, when there is a network. In an elevated PowerShell:
#   .\install-task.ps1
#Requires -RunAsAdministrator
param([string] $Name = 'Millrace')
$ErrorActionPreference = 'Stop'

$action = New-ScheduledTaskAction -Execute (Join-Path $PSScriptRoot 'run_sync.bat')
$trigger = New-ScheduledTaskTrigger -AtStartup
# It runs for ever: no time limit. When it ends by a mistake it is started again, each minute.
$settings = New-ScheduledTaskSettingsSet -RunOnlyIfNetworkAvailable -StartWhenAvailable -MultipleInstances IgnoreNew `
  -ExecutionTimeLimit ([TimeSpan]::Zero) -RestartCount 255 -RestartInterval (New-TimeSpan -Minutes 1) `
  -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries
# It needs to write the folder of the SQLite file and that of LOG_FILE, and to read .env:  icacls <folder> /grant "*S-1-5-19:(OI)(CI)M"
$principal = New-ScheduledTaskPrincipal -UserId 'S-1-5-19' -LogonType ServiceAccount

Register-ScheduledTask -TaskName $Name -Action $action -Trigger $trigger -Settings $settings -Principal $principal | Out-Null
Start-ScheduledTask -TaskName $Name
