"""anju: the command line. This is the table of commands; what each does stands in `anju_commands`."""

import sys

try:
    import typer

    from anju_commands import accounts, benches, demo, influx, ledger, quarantine, residents, service, texts, trials
except KeyboardInterrupt:  # Ctrl-C while the parts are loaded, which takes seconds on a slow machine
    sys.stderr.write("anju: interrupted\n")
    sys.exit(130)

INTERRUPTED = 130  # exit status, as shells have it: 128 and the number of SIGINT

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def cli() -> None:
    """anju (安居) notices when an elderly person living alone may need help, and sees that somebody goes and looks."""


def _group(name: str, about: str) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, help=about)
    app.add_typer(group, name=name)
    return group


app.command("run")(service.run)
app.command("demo")(demo.demo)
app.command("check-config")(service.check_config)
app.command("selftest")(service.selftest)
app.command("decode")(trials.decode)
app.command("detect")(trials.detect)
app.command("budgets")(trials.budgets)
app.command("replay")(trials.replay_files)
app.command("simulate")(trials.simulate)
app.command("realism")(trials.show_realism)
app.command("backtest")(trials.judge)
app.command("import-ledger")(ledger.import_the_ledger)
app.command("migrate")(ledger.migrate_records)
app.command("backup")(ledger.back_up)
app.command("restore")(ledger.bring_back)

account = _group("account", "Staff who sign in to the console.")
account.command("add")(accounts.add_staff_account)
account.command("list")(accounts.list_accounts)
account.command("password")(accounts.change_password)
account.command("disable")(accounts.disable_account)

wristband = _group("wristband", "Wristbands by the hundred, and their medical notes.")
wristband.command("print")(ledger.print_wristbands)
wristband.command("rotate-notes")(ledger.rotate_wristband_notes)

resident = _group("resident", "What a resident may ask for by law.")
resident.command("export")(residents.export_resident)
resident.command("forget")(residents.forget_resident)

kept = _group("quarantine", "Messages of unknown devices or through a wrong gateway, and those that can't be used.")
kept.command("list")(quarantine.list_quarantine)
kept.command("release")(quarantine.release_quarantine)
kept.command("retry")(quarantine.retry_refused)

long_history = _group("influx", "The long history in InfluxDB.")
long_history.command("copy")(influx.copy_history)

policy = _group("policy", "Who is told when.")
policy.command("show")(texts.show_policy)

message = _group("message", "The words of the texts.")
message.command("preview")(texts.preview_messages)
message.command("templates")(texts.show_templates)
message.command("test")(texts.send_test)

bench = _group("bench", "How fast the parts are here.")
bench.command("decode")(benches.bench_codecs)
bench.command("online")(benches.bench_the_watch)
bench.command("fleet")(benches.bench_whole_fleets)
bench.command("simulator")(benches.bench_simulated_lives)
bench.command("ingest")(benches.bench_the_ingest)


def main() -> None:
    """The console command `anju`. Ctrl-C and files that can't be used end any command in one line."""
    try:
        app()
    except SystemExit as e:
        if e.code == INTERRUPTED:
            typer.echo("anju: interrupted", err=True)
        raise
    except KeyboardInterrupt:
        typer.echo("anju: interrupted", err=True)
        sys.exit(INTERRUPTED)
    except Exception as e:
        from store.contracts import StoreError  # noqa: PLC0415  commands load what they need

        if not isinstance(e, StoreError):
            raise
        sys.exit(f"anju: {e}")


if __name__ == "__main__":
    main()
