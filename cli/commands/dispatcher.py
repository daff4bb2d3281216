"""callscribe dispatcher"""

from __future__ import annotations

import signal

from core import logging
from core.broker import create_app
from core.database import open_sessions
from core.database_address import warn_unless_verified
from workers.dispatcher.loop import Dispatcher
from workers.settings import DispatcherSettings


def dispatcher() -> None:
    """Announce waiting work to the workers and take it back from dead ones; run one or two of it."""
    settings = DispatcherSettings()
    logging.configure(settings.log_level)
    warn_unless_verified(settings.database_url)
    sessions = open_sessions(settings.database_url, process="dispatcher", pool_size=2)
    running = Dispatcher(settings, sessions, create_app(settings))
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: running.stop())
    running.run()
