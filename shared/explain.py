"""What people read when something goes wrong: one Indonesian sentence for every error of the product.

The command line says it, and the running server says it for a command that was handed to it. No sentence
repeats what was typed.
"""

from __future__ import annotations

import errno

from shared.errors import DamageError, ProtocolError, SipandeError, TransportError


def explain_error(error: SipandeError) -> str:
    """Give the Indonesian sentence for an error; its own (``pesan``) where it brings one."""
    own = getattr(error, "pesan", None)
    if isinstance(own, str) and own:
        return own
    if isinstance(error, ProtocolError):
        # The sentences of the codes are for a refusal by the hub; here it is the other side that is not understood.
        return (
            "Jawaban dari seberang tidak dikenali, jadi tidak ada yang disimpan. Perbarui program, lalu coba lagi;"
            " bila tetap gagal, hubungi pengelola di sana."
        )
    if isinstance(error, TransportError):
        return (
            "Tidak ada jawaban yang dapat dipakai. Periksa sambungan internet dan alamatnya,"
            " lalu coba lagi nanti."
        )
    if isinstance(error, DamageError):
        return (
            "Data yang tersimpan di komputer ini rusak atau berubah. Jangan hapus apa pun; perintah verify menyebutkan"
            " yang mana. Hubungi pengelola program untuk memulihkannya."
        )
    return "Perintah ini tidak dapat diselesaikan. Coba lagi; bila tetap gagal, hubungi pengelola program."


def explain_system(error: OSError) -> str:
    """Give the Indonesian sentence for a file or folder that the machine refuses."""
    if error.errno == errno.ENOSPC:
        return "Disk komputer penuh, jadi belum ada yang disimpan. Hapus berkas lama, lalu ulangi."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "Berkas atau folder tidak boleh dibuka oleh akun ini. Periksa hak aksesnya, lalu ulangi."
    return "Berkas atau folder tidak dapat dibaca atau ditulis. Periksa folder dan disknya, lalu ulangi."
