# Installs Millrace as a Windows service by NSSM (https://nssm.cc/download), which has to be on PATH. In an elevated PowerShell:
#   .\install-service.ps1 -Database F:\cacheFile\cache-api\sports_data.db
# The URL of PostgreSQL is expected in a file, which only the service and administrators may read afterwards.
#Requires -RunAsAdministrator
param(
  [Parameter(Mandatory)] [string] $Database,
  [string] $Folder = (Resolve-Path "$PSScriptRoot\..\..").Path,
  [string] $RedisUrl = 'redis://localhost:6379/0',
  [string] $PostgresUrlFile = "$env:ProgramData\Millrace\postgres-url",
  [string] $Node = (Get-Command node.exe).Source,
  [string] $Service = 'Millrace'
)
$ErrorActionPreference = 'Stop'
$data = Join-Path $env:ProgramData 'Millrace'
$logs = Join-Path $data 'logs'
New-Item -ItemType Directory -Force -Path $logs | Out-Null
if (-not (Test-Path $PostgresUrlFile)) { throw "Write the URL of PostgreSQL into $PostgresUrlFile first." }

function Invoke-Program {
  $program, $arguments = $args
  & $program @arguments
  if ($LASTEXITCODE -ne 0) { throw "$program $($arguments -join ' ') failed: $LASTEXITCODE" }
}

Invoke-Program nssm.exe install $Service $Node
# Relative to AppDirectory, so that no path has to be quoted.
Invoke-Program nssm.exe set $Service AppDirectory $Folder
Invoke-Program nssm.exe set $Service AppParameters 'dist\src\cli.js run'
Invoke-Program nssm.exe set $Service DisplayName 'Millrace'
Invoke-Program nssm.exe set $Service Description 'Keeps SQLite, Redis and PostgreSQL in step'
Invoke-Program nssm.exe set $Service Start SERVICE_AUTO_START
Invoke-Program nssm.exe set $Service AppEnvironmentExtra "DB_PATH=$Database" "REDIS_URL=$RedisUrl" "POSTGRES_URL_FILE=$PostgresUrlFile" "LOG_FILE=$logs\millrace.log"

# A stop sends Ctrl+C, on which Millrace ends cleanly within 5 s; NSSM by itself would wait for 1.5 s and then end it hard.
Invoke-Program nssm.exe set $Service AppStopMethodConsole 10000
# An end is a mistake in the configuration, or a crash: again after 10 s.
Invoke-Program nssm.exe set $Service AppExit Default Restart
Invoke-Program nssm.exe set $Service AppRestartDelay 10000
# Why it did not start is on stderr, as are warnings. LOG_FILE is rotated by Millrace, this file by NSSM.
Invoke-Program nssm.exe set $Service AppStderr "$logs\stderr.log"
Invoke-Program nssm.exe set $Service AppRotateFiles 1
Invoke-Program nssm.exe set $Service AppRotateOnline 1
Invoke-Program nssm.exe set $Service AppRotateBytes 20971520

# An account of the service's own, without a password, that may write these two folders and nothing else.
$account = "NT SERVICE\$Service"
Invoke-Program sc.exe config $Service obj= $account
Invoke-Program icacls.exe $logs /grant "${account}:(OI)(CI)M"
Invoke-Program icacls.exe (Split-Path -Parent $Database) /grant "${account}:(OI)(CI)M"
# S-1-5-32-544 are the administrators, in every language.
Invoke-Program icacls.exe $PostgresUrlFile /inheritance:r /grant:r "${account}:R" '*S-1-5-32-544:F'

Invoke-Program nssm.exe start $Service
