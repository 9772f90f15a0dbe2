"""The node's Flask app: the one list of its blueprints with their guards."""

from __future__ import annotations

import sqlite3

from flask import Flask

from node.bantuan import penerima
from node.bantuan import routes as bantuan
from node.beranda import alamat, cadangan, pengguna, periksa
from node.beranda import routes as beranda
from node.beranda.kop import make_kop
from node.catatan import dilihat
from node.catatan import routes as catatan
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
from node.lingkup import hold_to_area
from node.logo import routes as logo
from node.penduduk import routes as penduduk
from node.penduduk.queries import list_dusun
from node.perangkat import routes as perangkat
from node.policy import POLICY
from node.roles import ROLES, context_words
from node.services import NodeServices
from node.sinkron import routes as sinkron
from node.surat import agenda, keluar, konsep
from node.surat import masuk as surat_masuk
from node.surat import routes as surat
from node.surat import terbit as surat_terbit
from node.tindakan import routes as tindakan
from node.usb import routes as usb
from shared.codes import wilayah
from shared.web import kembalikan
from shared.web.accounts import FirstPerson
from shared.web.factory import make_app
from shared.web.guards import add_check
from shared.web.lan import find_secure_url
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
        {"alamat": "hp", "alamat.phone": "hp-aman", "logo": "logo", "cadangan": "cadangan",
         "cadangan.show_code": "kode-cadangan",
         **dict.fromkeys(("cadangan.choose_backup", "cadangan.replace_data"), "kembalikan"), "latihan": "latihan"},
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
         "surat_keluar": "keluar", "surat_masuk": "masuk", "agenda": "agenda"},
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
    Bab(
        "keamanan", "Pengguna dan keamanan", "Peran, perangkat, kode HP, dan catatan akses.",
        {"pengguna.show": "peran", "saya": "saya", "saya.code": "kode-hp", "catatan": "catatan", "dilihat": "dilihat"},
    ),
    Bab("perlu-tindakan", "Perlu tindakan", "Kasus dari kecamatan dan cara menjawabnya.", {"tindakan": "jawab"}),
))
REGISTRY = (
    # One line a package; its rule stands in node/policy.py.
    *POLICY.register(
        beranda.blueprint,
        alamat.blueprint,
        cadangan.blueprint,
        periksa.blueprint,
        penduduk.blueprint,
        foto.blueprint,
        keluarga.blueprint,
        dusun.blueprint,
        lampid.blueprint,
        catat.blueprint,
        masuk.blueprint,
        laporan.blueprint,
        buku.blueprint,
        surat.blueprint,
        konsep.blueprint,
        surat_terbit.blueprint,
        keluar.blueprint,
        surat_masuk.blueprint,
        agenda.blueprint,
        templat.blueprint,
        perangkat.blueprint,
        bantuan.blueprint,
        penerima.blueprint,
        impor.blueprint,
        tindakan.blueprint,
        sinkron.blueprint,
        usb.blueprint,
        pengguna.blueprint,
        catatan.blueprint,
        dilihat.blueprint,
        logo.blueprint,
        latihan.blueprint,
        make_periksa_surat(),
    ),
    PANDUAN,
)
NAVIGATION = (
    NavItem("Beranda", "beranda.index", ("alamat.index", "cadangan.index", "logo.index", "latihan.index")),
    NavItem("Penduduk", "penduduk.index"),
    NavItem("Keluarga", "keluarga.index"),
    NavItem("Peristiwa", "lampid.index"),
    NavItem("Surat", "surat.index"),
    NavItem("Bantuan", "bantuan.index"),
    NavItem("Laporan", "laporan.index"),
    NavItem("Perangkat", "perangkat.index"),
    NavItem("Impor", "impor.index"),
    NavItem("Perlu tindakan", "tindakan.index"),
    NavItem("Sinkronisasi", "sinkron.index", ("periksa.index",)),
    NavItem("Pengguna", "pengguna.index"),
    NavItem("Catatan akses", "catatan.index"),
)


def make_node_app(services: NodeServices, cost: Cost = Cost()) -> Flask:
    """Make the app of an open node."""

    def enrol_first(conn: sqlite3.Connection, person: FirstPerson) -> str:
        return add_petugas(services, person.nama, person.jabatan, ROLES[0].name)

    app = make_app(
        "node", title="Sipande Latihan" if services.is_latihan else f"Sipande Desa {wilayah.nama(services.wilayah)}",
        database=services.database,
        folder=services.folder,
        clock=services.clock, random=services.random, roles=ROLES, policy=POLICY, registry=REGISTRY,
        navigation=NAVIGATION,
        enrol_first=enrol_first, context_words=context_words, commands=COMMANDS, command_services=services,
        cost=cost, big_uploads={**usb.UPLOADS, **kembalikan.UPLOADS},
        name_areas=lambda conn: list_dusun(conn, services.wilayah),
    )
    app.extensions["services"] = services
    add_check(app, hold_to_area)
    app.jinja_env.globals.update(
        latihan=services.is_latihan, alamat_desa=latihan.address_of_desa, kop=lambda: make_kop(services),
        logo_aplikasi=lambda: logo.describe(services.logo),
        ada_https=lambda: find_secure_url(services.folder) is not None,
    )
    return app
