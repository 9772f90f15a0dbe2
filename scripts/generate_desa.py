"""Makes an invented village and writes it as the spreadsheet that villages import.

Beside the sheet stands <name>.cacat.json, which lists every fault that was planted.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from synthetic.faults import plant_faults, write_faults
from synthetic.model import ACUAN
from synthetic.sheet import Format, Layout, render_sheet
from synthetic.villages import generate_village
from synthetic.workbook import write_sheet


@click.command()
@click.option("--desa", required=True, help="Kode desa, 33.03.04.2006 or 3303042006.")
@click.option("--penduduk", type=click.IntRange(min=1), default=5000, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--keluaran", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder.")
@click.option("--format", "file_format", type=click.Choice([item.value for item in Format]), default="xlsx",
              show_default=True)
@click.option("--bersih/--kotor", default=True, help="Tidy, or typed carelessly but still valid.")
@click.option("--label", is_flag=True, help="Mix labels among the codes.")
@click.option("--pemisah", type=click.Choice([",", ";"]), default=",", show_default=True, help="Of csv.")
@click.option("--cacat", type=click.IntRange(min=0), default=0, show_default=True,
              help="Faults of each kind to plant.")
@click.option("--acuan", type=click.DateTime(["%Y-%m-%d"]), default=ACUAN.isoformat(), show_default=True,
              help="The day on which all ages are right.")
def main(desa: str, penduduk: int, seed: int, keluaran: Path, file_format: str, bersih: bool, label: bool,
         pemisah: str, cacat: int, acuan: datetime) -> None:
    """Make an invented village of that many people; the same options give the same file."""
    try:
        path, faults = make_files(desa, penduduk, seed, keluaran, cacat=cacat, acuan=acuan.date(),
                                  layout=Layout(Format(file_format), label, not bersih, pemisah))
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{path}: {penduduk} people, {faults} planted")


def make_files(desa: str, penduduk: int, seed: int, keluaran: Path, *, layout: Layout = Layout(),
               cacat: int = 0, acuan: date = ACUAN) -> tuple[Path, int]:
    """Write the sheet and its list of faults; return the path of the sheet and the number of faults.

    Raise ValueError as generate_village and plant_faults do.
    """
    village = generate_village(desa, penduduk, seed, acuan)
    sheet = render_sheet(village, layout)
    faults = plant_faults(sheet, cacat)
    keluaran.mkdir(parents=True, exist_ok=True)
    path = keluaran / f"penduduk_{village.kode}{'_kotor' if layout.kotor else ''}.{layout.format}"
    write_sheet(sheet, path)
    write_faults(faults, path.with_suffix(".cacat.json"))
    return path, len(faults)


if __name__ == "__main__":
    main()
