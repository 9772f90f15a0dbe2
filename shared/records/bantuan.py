"""Bantuan: aid programmes (lists of the hub or of a desa) and who receives them."""

from shared.records.fields import Bilangan, Daftar, Kode, Panjang, Pilihan, Rujukan, Rupiah, Tanggal, Teks, Writer
from shared.records.kind import RecordSchema


class ProgramBantuanSchema(RecordSchema):
    kind = "program_bantuan"
    label = "Program bantuan"
    writer = Writer.KEDUANYA

    nama = Teks("Nama program", required=True, maks=150)
    sasaran = Kode("Sasaran", "sasaran_bantuan")
    asal_dana = Teks("Asal dana", maks=60)
    mulai = Tanggal("Mulai", group="masa")
    selesai = Tanggal("Selesai", group="masa")
    kuota = Bilangan("Kuota penerima", sampai=10**7)
    nilai = Rupiah("Nilai per penerima")
    meniadakan = Daftar("Meniadakan program", help="Penerima program ini tidak boleh menerima program itu.")
    keterangan = Panjang("Keterangan")


class PenerimaBantuanSchema(RecordSchema):
    """One recipient of one programme in one period; who receives what is a matter of money."""

    kind = "penerima_bantuan"
    label = "Penerima bantuan"
    title = "nomor_kartu"
    protected = frozenset({"penerima", "status"})
    indexes = (("program", "periode"), ("penduduk",), ("keluarga",))

    program = Rujukan("Program", "program_bantuan", group="penerima", required=True)
    penduduk = Rujukan("Penduduk", "penduduk", group="penerima")
    keluarga = Rujukan("Keluarga", "keluarga", group="penerima")
    periode = Teks("Periode", group="penerima", maks=20, help="Misalnya 2026 atau 2026-T1.")
    status = Pilihan(
        "Status", {"usulan": "Usulan", "aktif": "Aktif", "berhenti": "Berhenti"}, group="status"
    )
    alasan_status = Teks("Alasan", group="status")
    nomor_kartu = Teks("Nomor kartu", maks=40)
    keterangan = Panjang("Keterangan")
