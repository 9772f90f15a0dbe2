"""The hub's Flask app: the one list of its blueprints with their guards."""

from __future__ import annotations

import sqlite3

from flask import Flask

from hub import cadangan, pengguna
from hub.akses import routes as akses
from hub.beranda import routes as beranda
from hub.commands import COMMANDS, add_petugas
from hub.ekspor import routes as ekspor
from hub.ingest import blobs as ingest_blobs
from hub.ingest import routes as ingest
from hub.lampid import routes as lampid
from hub.lampiran import routes as lampiran
from hub.pemulihan import periksa
from hub.pemulihan import routes as pemulihan
from hub.penghapusan import routes as penghapusan
from hub.policy import POLICY
from hub.program import routes as program
from hub.roles import ADMIN, ROLES, context_words
from hub.saksi import routes as saksi
from hub.services import HubServices
from hub.simpul import pendaftaran
from hub.simpul import routes as simpul
from hub.sipande import routes as sipande
from hub.usb import routes as usb
from hub.verval import routes as verval
from shared.web import kembalikan
from shared.web.accounts import FirstPerson
from shared.web.factory import make_app
from shared.web.panduan import FIRST, Bab, make_panduan
from shared.web.passwords import Cost
from shared.web.periksa_surat import make_periksa_surat
from shared.web.services import NavItem

PANDUAN = make_panduan((
    Bab(
        FIRST, "Hari pertama", "Masuk, akun petugas, dan urutan kerja saat baru mulai.",
        {"masuk": "masuk", "masuk.new_password": "sandi", "masuk.redeem": "sandi", "beranda": "beranda",
         "pengguna": "akun", "cadangan": "cadangan",
         **dict.fromkeys(("cadangan.choose_backup", "cadangan.replace_data"), "kembalikan")},
    ),
    Bab(
        "simpul", "Komputer desa", "Membaca kabar dan kelengkapan setiap desa; mendaftarkan dan menolak komputer.",
        {"simpul": "kabar", "simpul.show": "satu-desa", "pendaftaran": "daftar", "pendaftaran.code": "kode",
         "pendaftaran.refusal": "menolak", "pendaftaran.refuse": "menolak", "pemulihan": "kunci",
         "pemulihan.quarantine": "karantina", "periksa": "periksa", "usb": "usb"},
    ),
    Bab(
        "verval", "Verval", "Antrean kasus, putusan, dan petugas kedua.",
        {"verval": "antrean", "verval.case": "membaca", "penghapusan": "hapus-isi"},
    ),
    Bab(
        "sipande", "Sipande dan program bantuan", "Angka kecamatan, sasaran, halaman publik, dan program.",
        {"sipande": "angka", "sipande.targets": "sasaran", "program": "program",
         **dict.fromkeys(("sipande.penduduk", "sipande.keluarga", "sipande.penerima"), "daftar")},
    ),
    Bab(
        "lampid", "LAMPID", "Laporan bulanan semua desa, memeriksa dan mengunci, pindah antardesa.",
        {"lampid": "bulanan", "lampid.show": "periksa", "lampid.examine": "periksa", "lampid.lock": "periksa",
         "lampid.moves": "pindahan"},
    ),
    Bab(
        "keamanan", "Akun dan keamanan", "Peran, perangkat, kode HP, dan catatan akses.",
        {"pengguna.show": "peran", "saya": "saya", "saya.code": "kode-hp", "akses": "catatan"},
    ),
    Bab("camat", "Untuk camat", "Melihat keadaan kecamatan, membuka nama, dan memutus kasus.", {}),
    Bab("ekspor", "Ekspor ke kabupaten", "Token, apa yang dapat diambil kabupaten, dan saksi.", {"saksi": "saksi"}),
))
REGISTRY = (
    # One line a package; its rule stands in hub/policy.py.
    *POLICY.register(
        ingest.blueprint,
        ingest_blobs.blueprint,
        ekspor.blueprint,
        saksi.blueprint,
        beranda.blueprint,
        sipande.blueprint,
        verval.blueprint,
        lampiran.blueprint,
        penghapusan.blueprint,
        program.blueprint,
        simpul.blueprint,
        pendaftaran.blueprint,
        pemulihan.blueprint,
        periksa.blueprint,
        saksi.pages,
        cadangan.blueprint,
        pengguna.blueprint,
        akses.blueprint,
        usb.blueprint,
        lampid.blueprint,
        make_periksa_surat(),
    ),
    PANDUAN,
)
NAVIGATION = (
    NavItem("Beranda", "beranda.index"),
    NavItem("Sipande", "sipande.index"),
    NavItem("LAMPID", "lampid.index"),
    NavItem("Verval", "verval.index"),
    NavItem("Program bantuan", "program.index"),
    NavItem("Penghapusan isi", "penghapusan.index"),
    NavItem("Simpul", "simpul.index", ("pemulihan.index", "saksi.index")),
    NavItem("Terima USB", "usb.index"),
    NavItem("Akun", "pengguna.index"),
    NavItem("Catatan akses", "akses.index"),
    NavItem("Cadangan", "cadangan.index"),
    NavItem("Panduan", "panduan.index"),
)


def make_hub_app(services: HubServices, cost: Cost = Cost()) -> Flask:
    """Make the app of an open hub."""

    def enrol_first(conn: sqlite3.Connection, person: FirstPerson) -> str:
        return add_petugas(services, person.nama, person.jabatan, ADMIN.name)

    app = make_app(
        "hub", title=f"Sipande {services.nama}", database=services.database, folder=services.folder,
        clock=services.clock, random=services.random, roles=ROLES, policy=POLICY, registry=REGISTRY,
        navigation=NAVIGATION,
        enrol_first=enrol_first, context_words=context_words, commands=COMMANDS, command_services=services,
        # Every view of the sync blueprint is wrapped in ingest.routes.signed, which needs the raw body.
        check_signature=lambda: None, machine_error=ingest.answer_error, cost=cost,
        big_uploads={**usb.UPLOADS, **kembalikan.UPLOADS},
    )
    app.extensions["services"] = services
    return app
