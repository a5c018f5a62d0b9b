"""The union of all messages that travel between voicectl's processes, and the header that carries one.

One message type is one frozen struct of the tagged union ``Body``; ``type`` is the tag. An
``Envelope`` carries it with the protocol version and the incarnation that sent it. Raw bytes (PCM,
the agent's output) travel beside the header as the frame's payload, never inside it.
"""

import msgspec

from voicectl.protocol.feeding import Ack, Chunk, FeedDone, Progress
from voicectl.protocol.speaking import (
    Audio,
    Cancelled,
    Expect,
    Haste,
    Ledger,
    Receipt,
    Sentence,
    Tombstone,
    Translation,
)
from voicectl.protocol.supervising import (
    Activate,
    Announce,
    Cancel,
    Connect,
    Connected,
    Drain,
    Epoch,
    Failed,
    Heartbeat,
    Hold,
    Notice,
    Ready,
    Replay,
    ReplayLast,
    Reply,
    Request,
    Suspect,
    Tune,
)

PROTOCOL_VERSION = 1

Body = (
    Chunk
    | Ack
    | Progress
    | FeedDone
    | Sentence
    | Translation
    | Audio
    | Tombstone
    | Receipt
    | Ledger
    | Expect
    | Haste
    | Cancelled
    | Connect
    | Replay
    | Suspect
    | Cancel
    | ReplayLast
    | Epoch
    | Hold
    | Tune
    | Activate
    | Announce
    | Drain
    | Ready
    | Heartbeat
    | Connected
    | Failed
    | Notice
    | Request
    | Reply
)


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """The header of every frame: version, sending incarnation, stamp of sending, message."""

    v: int
    sender: str
    sent: int
    body: Body
