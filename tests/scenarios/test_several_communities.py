"""Each community has a building 3: who serves all of them is told in which one it is."""

from datetime import UTC
from pathlib import Path

import pytest
from sqlalchemy import update

from domain.finding import AlertKind, Level, Reason
from notifier.life import Concern
from notifier.messages import size
from store import tables as t
from tests.notifier.world import HOME, METER, World, put


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Olga runs the service for everybody."""
    world = World(tmp_path)
    with world.records.write() as tx:
        tx.execute(update(t.contacts).where(t.contacts.c.contact_id == "operator").values(community_id=None))
    return world


def neighbours(world: World) -> None:
    with world.records.write() as tx:
        put(
            tx, "communities", {"community_id": "c2", "name": "和平社区", "timezone": "Asia/Shanghai", "language": "zh"}
        )


def unheard(world: World, household_id: str | None, subject: str, kind: AlertKind) -> str:
    """The text that Olga gets of a meter or gateway."""
    values: dict[str, float | int | str] = {"last_at": world.now.astimezone(UTC).isoformat(), "rhythm_minutes": 60}
    concern = Concern(
        kind=kind,
        level=Level.ALERT,
        subject=subject,
        household_id=household_id,
        at=world.now,
        since=world.now,
        reason=Reason(key=kind.value, values=values),
    )
    world.raise_alert(concern)
    return next(r.body for r in world.received if r.who == "Olga")


@pytest.mark.parametrize(
    ("household_id", "subject", "kind", "place"),
    [(HOME, METER, AlertKind.NO_DATA, "幸福里3号楼201"), (None, "gw1", AlertKind.GATEWAY_SILENT, "3号楼网关")],
)
def test_an_operator_of_several_communities_reads_in_which_it_is(
    world: World, household_id: str | None, subject: str, kind: AlertKind, place: str
) -> None:
    neighbours(world)
    assert f"anju: 幸福里{place}:" in unheard(world, household_id, subject, kind)


def test_where_there_is_one_community_its_name_is_left_out(world: World) -> None:
    assert "anju: 幸福里3号楼201:" in unheard(world, HOME, METER, AlertKind.NO_DATA)


def test_who_serves_the_community_knows_its_name(world: World) -> None:
    neighbours(world)
    world.raise_alert(
        Concern(
            kind=AlertKind.SOS,
            level=Level.ALERT,
            subject=HOME,
            household_id=HOME,
            at=world.now,
            since=world.now,
            reason=Reason(key="sos", values={"at": world.now.astimezone(UTC).isoformat()}),
        )
    )
    assert [r.who for r in world.received] != []
    assert not [r.body for r in world.received if "幸福里幸福里" in r.body]


def test_a_text_to_who_serves_all_still_fits_into_one_segment(world: World) -> None:
    neighbours(world)
    with world.records.write() as tx:
        tx.execute(update(t.contacts).where(t.contacts.c.contact_id == "operator").values(language="zh"))
    assert size(unheard(world, HOME, METER, AlertKind.NO_DATA)).segments == 1
