"""A report as a PDF file, by Qt alone: A4, with page numbers, without a browser."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMarginsF, QPointF, QRectF, QSizeF, Qt, QUrl
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QTextBlock,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextOption,
    QTextTable,
)
from PySide6.QtSvg import QSvgRenderer

from workbench.run.problem import bad_input
from workbench.session.report_page import LIGHT
from workbench.session.report_print import STYLE, Printable, printable

#: Pixels of a drawing for each pixel of the page, so that lines stay fine on paper.
_FINE = 3
#: Millimetres around what is written on a page.
_MARGIN = 18.0
#: A table of so many pages may fall into two.
_LONG = 0.6
#: Stands in a text where a picture is.
_PICTURE = "\ufffc"


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
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WordWrap)  # no column gets so narrow that words fall apart
    document.setDefaultTextOption(option)
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
    painter = QPainter(writer)
    page = QSizeF(writer.width(), writer.height())
    edge = _MARGIN / 25.4 * writer.logicalDpiY()
    _lay_out(document, writer, page)
    _keep_together(document, page.height(), edge)
    small = QFont(document.defaultFont())
    small.setPointSizeF(7.5)
    for number in range(document.pageCount()):
        if number:
            writer.newPage()
        painter.save()
        painter.translate(0, -number * page.height())
        document.drawContents(painter, QRectF(QPointF(0, number * page.height()), page))
        painter.restore()
        painter.setFont(small)
        painter.setPen(QColor(LIGHT["muted"]))
        foot = QRectF(edge, page.height() - 0.75 * edge, page.width() - 2 * edge, edge / 2)
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, title)
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight, f"{number + 1} / {document.pageCount()}")
    painter.end()


def _lay_out(document: QTextDocument, writer: QPdfWriter, page: QSizeF) -> None:
    document.documentLayout().setPaintDevice(writer)
    frame = document.rootFrame().frameFormat()
    frame.setMargin(_MARGIN / 25.4 * 96)  # in pixels of a screen; the layout makes them the page's
    document.rootFrame().setFrameFormat(frame)
    document.setPageSize(page)


def _keep_together(document: QTextDocument, height: float, edge: float) -> None:
    """Let a title begin a page where the first thing below it would come apart from it, or fall into two.

    A break moves all that follows: titles are looked at from the first to the last.
    """
    layout = document.documentLayout()
    block = document.begin()
    while block.isValid():
        if block.blockFormat().headingLevel():
            top = layout.blockBoundingRect(block).top()
            end = _end_below(document, block)
            alone = int(top // height) != int((end - 1) // height)
            if alone and end - top < height - 2 * edge:
                form = block.blockFormat()
                form.setPageBreakPolicy(QTextFormat.PageBreakFlag.PageBreak_AlwaysBefore)
                QTextCursor(block).setBlockFormat(form)
        block = block.next()


def _end_below(document: QTextDocument, title: QTextBlock) -> float:
    """Where the first thing below a title ends: a table or picture; words before it belong to it. Of a table that is
    longer than a page its first rows count."""
    layout = document.documentLayout()
    top = layout.blockBoundingRect(title).top()
    end, block = layout.blockBoundingRect(title).bottom(), title.next()
    while block.isValid() and not block.blockFormat().headingLevel():
        table = QTextCursor(block).currentFrame()
        if isinstance(table, QTextTable):
            whole = layout.frameBoundingRect(table)
            if whole.bottom() - top < _LONG * document.pageSize().height():
                return whole.bottom()
            last = table.cellAt(min(2, table.rows() - 1), 0).lastCursorPosition().block()
            return max(end, layout.blockBoundingRect(last).bottom())
        end = layout.blockBoundingRect(block).bottom()
        if _PICTURE in block.text():
            return end
        block = block.next()
    return end
