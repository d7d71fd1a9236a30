"""The tables of the records file: ledger, alerts, outbox, detectors' state. Ids in data, names in one place."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
)


class UtcTime(TypeDecorator[datetime]):
    """Aware datetimes in the program, naive UTC in the database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without zone can't be stored: {value.isoformat()}")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# The ledger

communities = Table(
    "communities",
    metadata,
    Column("community_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("phone", Text),
)

grids = Table(
    "grids",
    metadata,
    Column("grid_id", Text, primary_key=True),
    Column("community_id", Text, ForeignKey("communities.community_id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
)

buildings = Table(
    "buildings",
    metadata,
    Column("building_id", Text, primary_key=True),
    Column("grid_id", Text, ForeignKey("grids.grid_id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("address", Text),
)

households = Table(
    "households",
    metadata,
    Column("household_id", Text, primary_key=True),
    Column("building_id", Text, ForeignKey("buildings.building_id"), nullable=False, index=True),
    Column("door", Text, nullable=False),
    Column("water_consent_by", Text),  # none: nobody consented to watching the home's water, and no meter is bound
    Column("water_consent_on", Text),  # the day, ISO
    Column("water_consent_paper", Text),
)

residents = Table(
    "residents",
    metadata,
    Column("resident_id", Text, primary_key=True),
    Column("household_id", Text, ForeignKey("households.household_id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("birth_year", Integer),
    Column("phone", Text),
    Column("language", Text, nullable=False),
    Column("told_by", Text),  # "call"; else in writing
)

resident_categories = Table(
    "resident_categories",
    metadata,
    Column("resident_id", Text, ForeignKey("residents.resident_id"), primary_key=True),
    Column("category", Text, primary_key=True),
)

contacts = Table(
    "contacts",
    metadata,
    Column("contact_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("phone", Text),
    Column("language", Text, nullable=False),
    Column("told_by", Text),  # "call"; else in writing
    Column("community_id", Text, ForeignKey("communities.community_id"), index=True),
    Column("grid_id", Text, ForeignKey("grids.grid_id"), index=True),
)

guardians = Table(
    "guardians",
    metadata,
    Column("household_id", Text, ForeignKey("households.household_id"), primary_key=True),
    Column("contact_id", Text, ForeignKey("contacts.contact_id"), primary_key=True),
    Column("order", Integer, nullable=False, server_default="1"),
    Column("first_use", Text),  # "yes": hears each morning when water was first used
)

pairings = Table(
    "pairings",
    metadata,
    Column("household_id", Text, ForeignKey("households.household_id"), primary_key=True),
    Column("contact_id", Text, ForeignKey("contacts.contact_id"), primary_key=True),
)

gateways = Table(
    "gateways",
    metadata,
    Column("gateway_id", Text, primary_key=True),
    Column("community_id", Text, ForeignKey("communities.community_id"), nullable=False, index=True),
    Column("name", Text),
)

meters = Table(
    "meters",
    metadata,
    Column("meter_id", Text, primary_key=True),
    Column("household_id", Text, ForeignKey("households.household_id"), nullable=False, index=True),
    Column("gateway_id", Text, ForeignKey("gateways.gateway_id"), index=True),
    Column("profile", Text),
    Column("unit", Text),
    Column("litres_per_pulse", Float),
)

sensors = Table(
    "sensors",
    metadata,
    Column("device_id", Text, primary_key=True),
    Column("household_id", Text, ForeignKey("households.household_id"), nullable=False, index=True),
    Column("gateway_id", Text, ForeignKey("gateways.gateway_id"), index=True),
    Column("kind", Text, nullable=False),
    Column("profile", Text),
)

# Staff who sign in

accounts = Table(
    "accounts",
    metadata,
    Column("login", Text, primary_key=True),
    Column("contact_id", Text, ForeignKey("contacts.contact_id"), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("disabled_at", UtcTime),
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_hash", LargeBinary, primary_key=True),
    Column("login", Text, ForeignKey("accounts.login"), nullable=False, index=True),
    Column("csrf_token", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)

# Guardians who come by a link in a text or by a code to their phone

guardian_codes = Table(
    "guardian_codes",
    metadata,
    Column("code_id", Integer, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False),  # of the cookie of the browser that asked
    Column("contact_id", Text, ForeignKey("contacts.contact_id")),  # none: nobody has the phone that was typed
    Column("code_hash", LargeBinary, nullable=False),
    Column("message_id", Integer),  # the text that carries it; its words are wiped soon
    Column("expires_at", UtcTime, nullable=False, index=True),
    Column("tries", Integer, nullable=False, server_default="0"),
    UniqueConstraint("secret_hash"),
)

guardian_sessions = Table(
    "guardian_sessions",
    metadata,
    Column("session_hash", LargeBinary, primary_key=True),
    Column("contact_id", Text, ForeignKey("contacts.contact_id"), nullable=False, index=True),
    Column("by_code", Boolean, nullable=False),  # else by a link, which opens neither notes nor consent
    Column("csrf_token", Text, nullable=False),
    Column("expires_at", UtcTime, nullable=False, index=True),
)

# Detection

detector_states = Table(
    "detector_states",
    metadata,
    Column("meter_id", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("deadline_at", UtcTime, index=True),
    Column("household_id", Text),  # where it was when this was written
)

cursors = Table(
    "cursors",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", Integer, nullable=False),
)

last_said = Table(  # what a device last said of itself: only a change is news
    "last_said",
    metadata,
    Column("device_id", Text, primary_key=True),
    Column("flag", Text, primary_key=True),
    Column("value", Boolean, nullable=False),
    Column("at", UtcTime, nullable=False),  # by its own clock
    Column("heard_at", UtcTime),  # by ours; of dangers
)

absences = Table(
    "absences",
    metadata,
    Column("absence_id", Integer, primary_key=True),
    Column("household_id", Text, ForeignKey("households.household_id"), nullable=False, index=True),
    Column("from_at", UtcTime, nullable=False),
    Column("until_at", UtcTime, nullable=False),
    Column("announced_by", Text),
    CheckConstraint("until_at > from_at", name="ends_after_it_starts"),
)

# The alert's life

alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", Integer, primary_key=True),
    Column("household_id", Text, ForeignKey("households.household_id"), index=True),
    Column("subject", Text, nullable=False),  # the household's id; a meter's or gateway's for technical kinds
    Column("kind", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("raised_at", UtcTime, nullable=False, index=True),
    Column("since", UtcTime, nullable=False),
    Column("opened_at", UtcTime, nullable=False),  # when it was last open: raised, reopened, expired
    Column("last_at", UtcTime, nullable=False),  # the newest evidence; older evidence is known already
    Column("reason", JSON, nullable=False),
    Column("acknowledged_by", Text),
    Column("acknowledged_until", UtcTime),
    Column("ended_at", UtcTime),
    Column("resolved_at", UtcTime),
    Column("outcome", Text),
    Column("outcome_note", Text),
    Column("policy_step", Integer, nullable=False, server_default="0"),
    Column("next_at", UtcTime),
    Index("ix_alerts_running", "subject", "kind", "state"),
    Index("ix_alerts_due", "next_at"),
    sqlite_autoincrement=True,
)

alert_events = Table(
    "alert_events",
    metadata,
    Column("event_id", Integer, primary_key=True),
    Column("alert_id", Integer, ForeignKey("alerts.alert_id"), nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    Column("event", Text, nullable=False),
    Column("from_state", Text),
    Column("to_state", Text, nullable=False),
    Column("by", Text, nullable=False),  # contact_id, login, or "anju"
    Column("why", Text, nullable=False),
)

# The outbox

messages = Table(
    "messages",
    metadata,
    Column("message_id", Integer, primary_key=True),
    Column("key", Text, nullable=False),  # alert, step, contact: one text each
    Column("alert_id", Integer, ForeignKey("alerts.alert_id"), index=True),
    Column("contact_id", Text, nullable=False),  # of a contact, or of a resident: see addressee
    Column("addressee", Text, nullable=False),  # "contact" or "resident"
    Column("community_id", Text),
    Column("purpose", Text, nullable=False),  # "first", "reminder", "news", "notice", "bundle", "reply", "test"
    Column("urgency", Integer, nullable=False),  # the lower, the sooner
    Column("why", Text, nullable=False),  # why this person is told
    Column("channel", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("variables", JSON, nullable=False),
    Column("language", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("segments", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("created_at", UtcTime, nullable=False),
    Column("next_at", UtcTime),
    Column("claimed_until", UtcTime),
    Column("sent_at", UtcTime, index=True),
    Column("status_at", UtcTime),  # when the status last changed
    Column(
        "uncertain_count", Integer, nullable=False, server_default="0"
    ),  # calls of which nobody knows whether they counted
    Column("bundle_id", Integer, ForeignKey("messages.message_id"), index=True),  # the text that carries this one
    Column("cost", Float, nullable=False, server_default="0"),  # [currency of the settings]
    Column("provider_sid", Text, index=True),
    Column("error", Text),
    UniqueConstraint("key"),
    Index("ix_messages_due", "status", "next_at"),
    Index("ix_messages_to", "contact_id", "sent_at"),
    sqlite_autoincrement=True,
)

replies = Table(
    "replies",
    metadata,
    Column("reply_id", Integer, primary_key=True),
    Column("key", Text, nullable=False),  # the provider's id of the inbound text: one row each
    Column("at", UtcTime, nullable=False, index=True),
    Column("phone", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("meaning", Text, nullable=False),
    Column("contact_id", Text),
    Column("alert_id", Integer, ForeignKey("alerts.alert_id"), index=True),
    UniqueConstraint("key"),
)

blocked_phones = Table(
    "blocked_phones",
    metadata,
    Column("phone", Text, primary_key=True),
    Column("reason", Text, nullable=False),  # "stopped" by its owner, or a provider's permanent error
    Column("at", UtcTime, nullable=False),
)

# Who can't be watched just now

gateways_heard = Table(
    "gateways_heard",
    metadata,
    Column("gateway_id", Text, ForeignKey("gateways.gateway_id"), primary_key=True),
    Column("heard_at", UtcTime, nullable=False),
)

unwatched = Table(
    "unwatched",
    metadata,
    Column("meter_id", Text, ForeignKey("meters.meter_id"), primary_key=True),
    Column("household_id", Text, ForeignKey("households.household_id"), nullable=False, index=True),
    Column("since", UtcTime, nullable=False),  # the last reading
    Column("behind_gateway", Text),  # its silence explains this one; no alert of its own
    Column("recheck_at", UtcTime, index=True),  # the gateway is back: by then the meter must be, too
    Column("told_at", UtcTime),  # when the guardians were told
    Column("reason", JSON, nullable=False),
)

# Wristbands

wristbands = Table(
    "wristbands",
    metadata,
    Column("band_id", Integer, primary_key=True),
    Column("resident_id", Text, ForeignKey("residents.resident_id"), nullable=False, index=True),
    Column("card_hash", LargeBinary, nullable=False),  # SHA-256; the card id itself is kept nowhere
    Column("number", Text, nullable=False),  # printed under the code, for typing and the telephone
    Column("state", Text, nullable=False),
    Column("issued_at", UtcTime, nullable=False),
    Column("issued_by", Text, nullable=False),
    Column("state_at", UtcTime, nullable=False),
    Column("state_by", Text, nullable=False),
    Column("state_why", Text, nullable=False),
    Column("expires_at", UtcTime),
    UniqueConstraint("card_hash"),
    UniqueConstraint("number"),
    sqlite_autoincrement=True,
)

wristband_profiles = Table(
    "wristband_profiles",
    metadata,
    Column("resident_id", Text, ForeignKey("residents.resident_id"), primary_key=True),
    Column("salutation", Text),
    Column("all_at_once", Boolean, nullable=False, server_default="0"),
    Column("notes", LargeBinary),  # history, allergies, medicines, blood type: encrypted
    Column("updated_at", UtcTime, nullable=False),
    Column("updated_by", Text, nullable=False),
)

consents = Table(
    "consents",
    metadata,
    Column("consent_id", Integer, primary_key=True),
    Column("resident_id", Text, nullable=False, index=True),  # no reference: the proof outlives the resident's row
    Column("field", Text, nullable=False),  # of domain.wristband.BandField
    Column("given_at", UtcTime, nullable=False),
    Column("given_by", Text, nullable=False),  # the wearer, or who may speak for him or her
    Column("paper", Text, nullable=False),  # which signed form
    Column("recorded_by", Text, nullable=False),
    Column("withdrawn_at", UtcTime),
    Column("withdrawn_by", Text),
)

water_consents = Table(  # how each household's consent came to be; it outlives the household's row
    "water_consents",
    metadata,
    Column("consent_id", Integer, primary_key=True),
    Column("household_id", Text, nullable=False, index=True),
    Column("given_on", Text, nullable=False),  # the day, ISO
    Column("given_by", Text, nullable=False),
    Column("paper", Text, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("withdrawn_on", Text),
    Column("withdrawn_by", Text),
)

meetings = Table(
    "meetings",
    metadata,
    Column("meeting_id", Integer, primary_key=True),
    Column("band_id", Integer, ForeignKey("wristbands.band_id"), nullable=False, index=True),
    Column("alert_id", Integer, ForeignKey("alerts.alert_id"), index=True),
    Column("token_hash", LargeBinary, nullable=False),  # of the finder's cookie
    Column("started_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime, nullable=False),
    Column("medical", Boolean, nullable=False, server_default="0"),
    Column("place", Text),  # only what the finder gave, coarse, forgotten soon
    UniqueConstraint("token_hash"),
    sqlite_autoincrement=True,
)

meeting_lines = Table(
    "meeting_lines",
    metadata,
    Column("line_id", Integer, primary_key=True),
    Column("meeting_id", Integer, ForeignKey("meetings.meeting_id"), nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    Column("by", Text, nullable=False),  # "finder", or a contact_id
    Column("body", Text, nullable=False),
)

scans = Table(
    "scans",
    metadata,
    Column("scan_id", Integer, primary_key=True),
    Column("band_id", Integer, ForeignKey("wristbands.band_id"), nullable=False, index=True),
    Column("at", UtcTime, nullable=False, index=True),
    Column("stage", Text, nullable=False),
    Column("source", Text, nullable=False),  # "web", a scanner's id, or "staff:" and a login
    Column("address", Text, nullable=False),  # coarse
    Column("fields", Text, nullable=False),  # what was shown
    Column("why", Text, nullable=False),
)

# Quarantine

release_requests = Table(
    "release_requests",
    metadata,
    Column("request_id", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("kind", Text, nullable=False, server_default="quarantined"),  # or refused
    Column("device_id", Text),  # of refused ones its alone; else vouched for, whichever gateway they came through
    Column("done_at", UtcTime, index=True),
    Column("released", Integer, nullable=False, server_default="0"),
)

# Security

security_events = Table(
    "security_events",
    metadata,
    Column("event_id", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("seen", Boolean, nullable=False, server_default=false()),
)
