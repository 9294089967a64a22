"""Flights put on the server by hand, without the upload."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from sqlalchemy import select

from pipeline.server.database import Database
from pipeline.server.layers.job import layer_stored
from pipeline.server.settings import Settings
from pipeline.server.store import blob_path
from pipeline.server.tables import Blob, File, Flight, Layer, Organisation, User


def an_officer(database: Database) -> User:
    """The first user; made where the test has none."""
    with database.write() as db:
        if found := db.scalar(select(User).order_by(User.created_at)):
            return found
        organisation = Organisation(name="执法总队", host=True)
        db.add(organisation)
        db.flush()
        user = User(organisation_id=organisation.id, login="li", name="李", role="member")
        db.add(user)
        return user


def place_flight(settings: Settings, database: Database, folder: Path, user: User | None = None) -> str:
    """Store all files of a folder as a flight of the user's organisation; its id."""
    user = user or an_officer(database)
    with database.write() as db:
        flight = Flight(organisation_id=user.organisation_id, created_by=user.id, name="秦淮河 3 号航次")
        db.add(flight)
        db.flush()
        place_files(settings, db, folder, user, flight_id=flight.id)
        return flight.id


def place_files(settings: Settings, db, folder: Path, user: User, **of: str) -> list[File]:
    """Store the files of a folder, of a flight or of a layer."""
    files = [_stored(settings, db, path, folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    for file in files:
        file.organisation_id, file.created_by = user.organisation_id, user.id
        for key, value in of.items():
            setattr(file, key, value)
        db.add(file)
    db.flush()
    return files


def _stored(settings: Settings, db, path: Path, folder: Path) -> File:
    digest, size = hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size
    blob = blob_path(settings, digest)
    if not blob.exists():
        blob.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, blob)
    if db.get(Blob, digest) is None:
        db.add(Blob(sha256=digest, size=size, kind="any"))
    name = path.relative_to(folder).as_posix()
    return File(path=name, size=size, declared_sha256=digest, sha256=digest, state="stored")


def place_layer(settings: Settings, database: Database, file: Path, kind: str, user: User | None = None) -> str:
    """A layer whose file has arrived, with its job; the layer's id."""
    user = user or an_officer(database)
    with database.write() as db:
        layer = Layer(organisation_id=user.organisation_id, created_by=user.id, name=file.stem, kind=kind)
        db.add(layer)
        db.flush()
        alone = file.parent / f"only-{layer.id}"
        alone.mkdir()
        shutil.copyfile(file, alone / file.name)
        layer_stored(db, place_files(settings, db, alone, user, layer_id=layer.id)[0])
        return layer.id
