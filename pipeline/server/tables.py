"""What the database holds. Times are UTC; ids are random and say nothing."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Utc(TypeDecorator[datetime]):
    """A moment: stored without a zone, always UTC, and given back as such (SQLite knows no zones)."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    return secrets.token_hex(8)


class Base(DeclarativeBase):
    """Constraints have names, so that a migration can find them again."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {datetime: Utc, dict[str, Any]: JSON, str: String(200)}


class Organisation(Base):
    """Who sees what: everything below belongs to one of these."""

    __tablename__ = "organisations"
    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(unique=True)
    host: Mapped[bool] = mapped_column(default=False)  # its administrators may found other organisations
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=now)


class User(Base):
    """A person with one role: administrator, member, analyst, judge or contestant."""

    __tablename__ = "users"
    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"), index=True)
    login: Mapped[str] = mapped_column(unique=True)  # folded: no two differ by case or width alone
    name: Mapped[str]
    role: Mapped[str] = mapped_column(String(20))
    password_hash: Mapped[str] = mapped_column(default="")  # empty: invited, nobody can sign in yet
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    organisation: Mapped[Organisation] = relationship()


class Session(Base):
    """A browser that signed in; the cookie's SHA-256, never the cookie."""

    __tablename__ = "sessions"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    user: Mapped[User] = relationship()


class Token(Base):
    """A notebook's key: its SHA-256, and what it may do."""

    __tablename__ = "tokens"
    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    name: Mapped[str]
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[str]  # "read" or "read write"
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    user: Mapped[User] = relationship()


class Invitation(Base):
    """A link that works once: `user_id` empty is the set-up link of a fresh server."""

    __tablename__ = "invitations"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]


class Blob(Base):
    """Bytes that are stored, once, whoever sent them."""

    __tablename__ = "blobs"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(20))  # what its first bytes say: jpeg, tiff, mp4, tlog …
    created_at: Mapped[datetime] = mapped_column(default=now)


class Flight(Base):
    """A card that was uploaded."""

    __tablename__ = "flights"
    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"), index=True)
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    site: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    archived_at: Mapped[datetime | None]


class File(Base):
    """A file that a person means to upload, or has: of a flight, or of a layer."""

    __tablename__ = "files"
    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"), index=True)
    flight_id: Mapped[str | None] = mapped_column(ForeignKey("flights.id"), index=True)
    layer_id: Mapped[str | None] = mapped_column(ForeignKey("layers.id"), index=True)
    path: Mapped[str] = mapped_column(String(1000))  # on the card, with "/" between its parts
    size: Mapped[int] = mapped_column(BigInteger)
    declared_sha256: Mapped[str | None] = mapped_column(String(64))  # what the browser says
    sha256: Mapped[str | None] = mapped_column(ForeignKey("blobs.sha256"), index=True)  # what the server found
    state: Mapped[str] = mapped_column(String(12), default="waiting")  # waiting uploading checking stored refused
    reason: Mapped[str] = mapped_column(Text, default="")  # why it was refused
    upload_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)

    __table_args__ = (Index("uq_files_flight_path", "flight_id", "path", unique=True),)


class Layer(Base):
    """A base map or a terrain model: one uploaded file, made ready by a job."""

    __tablename__ = "layers"
    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"), index=True)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(String(12))  # raster, pmtiles, dem
    state: Mapped[str] = mapped_column(String(12), default="waiting")  # waiting preparing ready refused
    reason: Mapped[str] = mapped_column(Text, default="")
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # bounds, zooms, attribution
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Job(Base):
    """Work that is due: a search of a flight (a run), or a layer to be made ready. Its id names its folder."""

    __tablename__ = "jobs"
    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))  # search, layer
    flight_id: Mapped[str | None] = mapped_column(ForeignKey("flights.id"), index=True)
    layer_id: Mapped[str | None] = mapped_column(ForeignKey("layers.id"), index=True)
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(String(12), default="queued", index=True)  # queued running done failed cancelled
    stage: Mapped[str] = mapped_column(String(40), default="")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(Text, default="")
    attempts: Mapped[int] = mapped_column(default=0)
    cancel: Mapped[bool] = mapped_column(default=False)  # somebody asked for its end
    worker: Mapped[str] = mapped_column(default="")  # who works on it
    alive_at: Mapped[datetime | None]  # when that worker was last heard of
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # counts of a finished run


class Event(Base):
    """The audit log: who did what, when, to which thing. Only ever added to."""

    __tablename__ = "events"
    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id"), index=True)
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime] = mapped_column(default=now)
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(default="")  # for example run/ID/hits/ID
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
