"""`promiseline doctor`"""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict

import click

from portal.config import Settings
from workers.supervisor.checkup import examine


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Check every part and say how to mend it. Ends with status 1 when something is wrong."""
    findings = asyncio.run(examine(Settings.load()))
    ok = all(finding.ok for finding in findings)
    if as_json:
        click.echo(json.dumps({"ok": ok, "checks": [asdict(finding) for finding in findings]}, indent=1))
    else:
        width = max(len(finding.name) for finding in findings)
        for finding in findings:
            click.echo(f"{'ok   ' if finding.ok else 'WRONG'}  {finding.name:<{width}}  {finding.detail}")
            if not finding.ok and finding.mend:
                click.echo(f"{'':<{width + 7}}  → {finding.mend}")
    ctx.exit(0 if ok else 1)
