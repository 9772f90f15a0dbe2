"""SQL of both sides: connection, migrations, logs, projections. Nothing here knows HTTP or a screen."""
