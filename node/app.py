"""The node's Flask app: the one list of its blueprints with their guards."""

from __future__ import annotations

import sqlite3

from flask import Flask

from node.bantuan import penerima
from node.bantuan import routes as bantuan
from node.beranda import alamat, cadangan, pengguna, periksa
from node.beranda import routes as beranda
from node.beranda.kop import make_kop
from node.cetak import templat
from node.commands import COMMANDS, add_petugas
from node.impor import routes as impor
from node.keluarga import dusun
from node.keluarga import routes as keluarga
from node.lampid import catat, masuk
from node.lampid import routes as lampid
from node.lampiran import foto
from node.laporan import books as buku
from node.laporan import routes as laporan
from node.latihan import routes as latihan
from node.logo import routes as logo
from node.penduduk import routes as penduduk
from node.perangkat import routes as perangkat
from node.roles import ADMIN, ROLES, context_words
from node.services import NodeServices
from node.sinkron import routes as sinkron
from node.surat import agenda, konsep
from node.surat import masuk as surat_masuk
from node.surat import routes as surat
from node.surat import terbit as surat_terbit
from node.tindakan import routes as tindakan
from node.usb import routes as usb
from shared.codes import wilayah
from shared.web.accounts import FirstPerson
from shared.web.factory import make_app
from shared.web.guards import MASUK, UMUM, Registration, peran
from shared.web.panduan import FIRST, Bab, make_panduan
from shared.web.passwords import Cost
from shared.web.periksa_surat import make_periksa_surat
from shared.web.services import NavItem

PANDUAN = make_panduan((
    Bab(
        FIRST, "Hari pertama", "Masuk, akun petugas, dan urutan kerja saat baru mulai.",
        {"masuk": "masuk", "masuk.mulai": "akun-pertama", "masuk.start": "akun-pertama",
         "masuk.new_password": "sandi", "masuk.redeem": "sandi", "beranda": "beranda", "pengguna": "pengguna"},
    ),
    Bab(
        "komputer-ini", "Komputer ini", "Membuka dari HP, logo desa, cadangan, dan tempat latihan.",
        {"alamat": "hp", "logo": "logo", "cadangan": "cadangan", "cadangan.show_code": "kode-cadangan",
         "latihan": "latihan"},
    ),
    Bab(
        "penduduk", "Penduduk dan keluarga", "Mencari, menambah, mengubah, memindahkan, dan penerima bantuan.",
        {"penduduk": "cari", "penduduk.show": "riwayat", "penduduk.add": "ubah", "penduduk.edit": "ubah",
         "foto": "foto",
         "keluarga": "keluarga", "bantuan": "bantuan", "penerima": "bantuan", "dusun": "dusun"},
    ),
    Bab(
        "surat", "Surat", "Membuat surat, nomor, tanda tangan, agenda, dan surat masuk.",
        {"surat": "buat", "surat.settings": "pengaturan", "konsep": "alur", "surat_terbit": "terbit",
         "surat_masuk": "masuk", "agenda": "agenda"},
    ),
    Bab(
        "peristiwa", "Peristiwa (LAMPID)", "Kelahiran, kematian, pindah, datang, hilang, kembali, dan membatalkannya.",
        {"lampid": "peristiwa", "lampid.show": "batal", "catat": "catat", "kedatangan": "datang",
         "kedatangan.birth": "lahir", "kedatangan.record_birth_of": "lahir", "kedatangan.come_back": "kembali",
         "kedatangan.record_come_back": "kembali", "catat.leave": "keluar", "catat.record_leave": "keluar"},
    ),
    Bab(
        "perangkat", "Perangkat desa", "Siapa menjabat, siapa menandatangani, akhir masa jabatan.",
        {"perangkat": "daftar", "perangkat.pick": "tambah", "perangkat.add": "tambah", "perangkat.end": "akhir",
         "perangkat.book": "buku"},
    ),
    Bab(
        "impor", "Impor dari Excel", "Mengambil data dari berkas, dan membatalkannya bila salah berkas.",
        {"impor": "langkah", "impor.checked": "masalah", "impor.history": "batal", "impor.batch": "batal"},
    ),
    Bab(
        "laporan", "Laporan dan buku", "Laporan bulanan LAMPID, menutup bulan, dan buku B.1 sampai B.5.",
        {"laporan": "bulanan", "laporan.closing": "tutup", "laporan.close": "tutup", "buku": "buku"},
    ),
    Bab(
        "sinkronisasi", "Sinkronisasi", "Mendaftarkan komputer, mengirim, dan arti setiap keadaan.",
        {"sinkron": "sehari-hari", "usb": "usb", "periksa": "periksa"},
    ),
    Bab(
        "templat-surat", "Templat surat dan memeriksa surat", "Mengubah isi surat, syaratnya, dan arti QR pada surat.",
        {"templat": "isi", "periksa_surat": "periksa"},
    ),
    Bab("perlu-tindakan", "Perlu tindakan", "Kasus dari kecamatan dan cara menjawabnya.", {"tindakan": "jawab"}),
))
REGISTRY = (
    Registration(beranda.blueprint, MASUK),
    Registration(alamat.blueprint, MASUK),
    Registration(cadangan.blueprint, MASUK, dict.fromkeys(
        ("carry", "try_code", "make_new_code", "show_code", "take_code"), peran(ADMIN.name)
    )),
    Registration(periksa.blueprint, MASUK),
    Registration(penduduk.blueprint, MASUK),
    Registration(foto.blueprint, MASUK),
    Registration(keluarga.blueprint, MASUK),
    Registration(dusun.blueprint, MASUK),
    Registration(lampid.blueprint, MASUK),
    Registration(catat.blueprint, MASUK),
    Registration(masuk.blueprint, MASUK),
    Registration(perangkat.blueprint, MASUK),
    Registration(bantuan.blueprint, MASUK),
    Registration(penerima.blueprint, MASUK),
    Registration(surat.blueprint, MASUK, dict.fromkeys(("settings", "save_settings"), peran(ADMIN.name))),
    # Who approves signs for the office: kades, sekdes, admin (node/roles.py).
    Registration(konsep.blueprint, MASUK, {"approve": peran(ADMIN.name)}),
    Registration(surat_terbit.blueprint, MASUK, {"cancel_letter": peran(ADMIN.name)}),
    Registration(surat_masuk.blueprint, MASUK),
    Registration(agenda.blueprint, MASUK),
    Registration(laporan.blueprint, MASUK),
    Registration(buku.blueprint, MASUK),
    Registration(impor.blueprint, MASUK),
    Registration(tindakan.blueprint, MASUK),
    Registration(sinkron.blueprint, MASUK, {"register": peran(ADMIN.name), "rotate": peran(ADMIN.name)}),
    Registration(usb.blueprint, MASUK, {"register": peran(ADMIN.name)}),
    Registration(pengguna.blueprint, peran(ADMIN.name)),
    Registration(logo.blueprint, peran(ADMIN.name), {"image": UMUM}),
    Registration(latihan.blueprint, MASUK),
    Registration(templat.blueprint, peran(ADMIN.name)),
    Registration(make_periksa_surat(), UMUM),
    PANDUAN,
)
NAVIGATION = (
    NavItem("Beranda", "beranda.index"),
    NavItem("Penduduk", "penduduk.index"),
    NavItem("Keluarga", "keluarga.index"),
    NavItem("Peristiwa", "lampid.index"),
    NavItem("Surat", "surat.index"),
    NavItem("Bantuan", "bantuan.index"),
    NavItem("Laporan", "laporan.index"),
    NavItem("Perangkat", "perangkat.index"),
    NavItem("Impor", "impor.index"),
    NavItem("Perlu tindakan", "tindakan.index"),
    NavItem("Sinkronisasi", "sinkron.index"),
    NavItem("Pengguna", "pengguna.index"),
    NavItem("Panduan", "panduan.index"),
)


def make_node_app(services: NodeServices, cost: Cost = Cost()) -> Flask:
    """Make the app of an open node."""

    def enrol_first(conn: sqlite3.Connection, person: FirstPerson) -> str:
        return add_petugas(services, person.nama, person.jabatan, ROLES[0].name)

    app = make_app(
        "node", title="Sipande Latihan" if services.is_latihan else f"Sipande Desa {wilayah.nama(services.wilayah)}",
        database=services.database,
        folder=services.folder,
        clock=services.clock, random=services.random, roles=ROLES, registry=REGISTRY, navigation=NAVIGATION,
        enrol_first=enrol_first, context_words=context_words, commands=COMMANDS, command_services=services,
        cost=cost, big_uploads=usb.UPLOADS,
    )
    app.extensions["services"] = services
    app.jinja_env.globals.update(
        latihan=services.is_latihan, alamat_desa=latihan.address_of_desa, kop=lambda: make_kop(services),
        logo_aplikasi=lambda: logo.describe(services.logo),
    )
    return app
