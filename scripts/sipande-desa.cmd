@echo off
rem Sipande desa untuk Windows. BELUM DIUJI di komputer Windows; lihat docs\pemasangan.md.
rem Klik dua kali. Pertama kali memasang program dari folder wheelhouse di sebelah berkas ini
rem (tanpa internet), sesudah itu langsung menjalankannya dan membuka peramban.
setlocal
title Sipande desa
set "HERE=%~dp0"
set "HOME_DIR=%LOCALAPPDATA%\Sipande"
set "VENV=%HOME_DIR%\program"
set "DATA=%HOME_DIR%\data"
set "PORT=8600"

if exist "%VENV%\Scripts\sipande-node.exe" goto update

py -3 -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>nul
if errorlevel 1 (
  echo Python 3.11 atau yang lebih baru belum ada di komputer ini.
  echo Pasang dulu Python dari berkas pemasangnya, centang "py launcher", lalu klik lagi berkas ini.
  pause
  exit /b 3
)
echo Menyiapkan Sipande. Hanya sekali, beberapa menit...
if not exist "%HOME_DIR%" mkdir "%HOME_DIR%"
py -3 -m venv "%VENV%"
if errorlevel 1 goto failed

:update
rem Isi wheelhouse yang lebih baru dipasang menimpa yang lama; tanpa wheelhouse dipakai yang sudah terpasang.
if not exist "%HERE%wheelhouse\" goto check
"%VENV%\Scripts\python.exe" -m pip install --quiet --disable-pip-version-check --no-index --find-links "%HERE%wheelhouse" --upgrade sipande
if errorlevel 1 goto failed

:check
if not exist "%VENV%\Scripts\sipande-node.exe" goto failed
echo.
echo Sipande sedang dijalankan. Biarkan jendela ini terbuka; menutupnya menghentikan Sipande.
echo Alamatnya: http://127.0.0.1:%PORT%
echo Bila diminta kode, kode itu tampil di bawah ini.
echo.
start "" /b cmd /c "timeout /t 4 /nobreak >nul & start http://127.0.0.1:%PORT%/"
"%VENV%\Scripts\sipande-node.exe" --data "%DATA%" serve --host 0.0.0.0 --port %PORT%
echo.
echo Sipande berhenti.
pause
exit /b

:failed
echo.
echo Pemasangan gagal. Pastikan folder "wheelhouse" ada di sebelah berkas ini dan dibuat untuk Windows.
pause
exit /b 3
