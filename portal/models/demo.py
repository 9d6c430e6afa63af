"""How far the demo company is loaded."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, SmallInteger, String, func
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base


class DemoProgress(Base):
    """One row, written while the demo company is loaded. Seed, size and day make the same company again
    when loading was interrupted."""

    __tablename__ = "demo_progress"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),
    )

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    seed: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[str] = mapped_column(String(8))
    today: Mapped[date]
    percent: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    #: What is being done, in words for the banner.
    step: Mapped[str] = mapped_column(String(80), default="", server_default="")
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
