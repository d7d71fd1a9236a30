"""Device profiles: what the frames of one model of LoRaWAN device mean; named so in the ledger."""

from collections.abc import Callable, Mapping

from domain.reading import Decoded
from ingest.codecs.contract import Context
from ingest.codecs.profiles import axioma_w1, kamstrup_flowiq, milesight, netvox_r718wb, pulse, yobiiq_sd1001
from ingest.codecs.profiles.uplink import Uplink

PROFILES: Mapping[str, Callable[[Uplink, Context], list[Decoded]]] = {
    "axioma_w1": axioma_w1.decode,
    "kamstrup_flowiq": kamstrup_flowiq.decode,
    "milesight_em300_di": milesight.decode_em300_di,
    "milesight_em300_zld": milesight.decode_em300_zld,
    "milesight_ws101": milesight.decode_ws101,
    "netvox_r718wb": netvox_r718wb.decode,
    "pulse": pulse.decode,
    "yobiiq_sd1001": yobiiq_sd1001.decode,
}
