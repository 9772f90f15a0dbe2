"""The few error classes that callers act on; everything else is a bug and may crash.

Subclasses differ by what the caller can do: ask the person, give up, try again.
Messages to a person are Indonesian and say what is wrong, where, and what to do next.
No message carries personal data.
"""

EXIT_CODES = {
    0: ("done", "selesai"),
    1: ("a defect of the program", "gangguan di program"),
    2: ("the input, which somebody must change", "isian yang salah, perlu diperbaiki orang"),
    3: ("the machine: full disk, port or folder in use", "komputer menghalangi: disk penuh, port atau folder dipakai"),
    4: ("the other side refused, or broke the protocol", "pihak seberang menolak, atau jawabannya tidak dikenali"),
    5: ("no answer, try again later", "tidak ada jawaban, coba lagi nanti"),
    6: ("damage found", "ada data yang rusak"),
    130: ("interrupted", "dihentikan orang"),
}
"""How every command ends: code → what it means, in English and in Indonesian. Documents and --help say the same."""


class SipandeError(Exception):
    """Root of everything that this project raises on purpose."""

    exit_code = 1


class UserError(SipandeError):
    """A person gave something that cannot be used; the message (Indonesian) says what to do."""

    exit_code = 2

    def __init__(self, pesan: str, kode: str = "masukan_salah") -> None:
        super().__init__(pesan)
        self.pesan = pesan
        self.kode = kode


class EnvironmentProblem(UserError):
    """The machine is in the way (disk full, port in use, folder locked); nothing was lost."""

    exit_code = 3


class ProtocolError(SipandeError):
    """The other side refused or broke the protocol; give up this exchange and say so.

    ``code`` is one of ``shared.sync.codes``; ``detail`` is for logs and carries no personal data.
    """

    exit_code = 4

    def __init__(self, code: str = "malformed", detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class TransportError(SipandeError):
    """No answer came that proves anything; try again later."""

    exit_code = 5


class DamageError(SipandeError):
    """Stored bytes do not verify; stop writing, keep reading, repair from the other side."""

    exit_code = 6
