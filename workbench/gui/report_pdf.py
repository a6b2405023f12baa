"""A report as a PDF file, by Qt alone: A4, with page numbers, without a browser."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMarginsF, QSizeF, Qt, QUrl
from PySide6.QtGui import QImage, QPageLayout, QPageSize, QPainter, QPdfWriter, QTextDocument
from PySide6.QtSvg import QSvgRenderer

from workbench.run.problem import bad_input
from workbench.session.report_print import STYLE, Printable, printable

#: Pixels of a drawing for each pixel of the page, so that lines stay fine on paper.
_FINE = 3


def write_pdf(report: Path, target: Path) -> Path:
    """Print a report (`report.html`) into a PDF file. Works in any thread of a program with a QGuiApplication.

    Raises:
        WorkbenchError: When the report cannot be read or the file cannot be written.
    """
    try:
        content = printable(report.read_text(encoding="utf-8"))
    except OSError as error:
        raise bad_input(
            f"The report {report} cannot be read.",
            f"The system says: {error.strerror or error}.",
            "Write it anew: workbench report RUN.",
        ) from error
    draft = target.with_name(f".{target.name}.part")
    try:
        draft.write_bytes(b"")  # Qt would only warn
        _print(_document(content), draft, content.title)
        if not draft.stat().st_size:
            raise OSError("no space is left")
        draft.replace(target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise bad_input(
            f"The PDF {target} cannot be written.",
            f"The system says: {error.strerror or error}.",
            "Choose another folder.",
        ) from error
    return target


def _document(content: Printable) -> QTextDocument:
    document = QTextDocument()
    document.setDefaultStyleSheet(STYLE)
    for name, data in content.pictures.items():
        image = _drawn(data, content.sizes[name]) if data.startswith(b"<svg") else QImage.fromData(data)
        document.addResource(QTextDocument.ResourceType.ImageResource, QUrl(name), image)
    document.setHtml(content.html)
    return document


def _drawn(svg: bytes, width: int) -> QImage:
    renderer = QSvgRenderer(svg)
    size = QSizeF(renderer.defaultSize()).scaled(
        QSizeF(width, 10_000) * _FINE, Qt.AspectRatioMode.KeepAspectRatio
    )
    image = QImage(size.toSize(), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    return image


def _print(document: QTextDocument, path: Path, title: str) -> None:
    writer = QPdfWriter(str(path))
    writer.setTitle(title)
    writer.setCreator("Model Workbench")
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0), QPageLayout.Unit.Millimeter)  # the document has its own
    document.print_(writer)
