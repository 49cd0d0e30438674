#!/bin/sh
# Installs Bellhop as systemd services, or updates it. Safe to run again at any time.
set -eu

PREFIX=
USUAL_PREFIX=/opt/bellhop
SETTINGS=/etc/bellhop
STATE=/var/lib/bellhop
UNITS=/etc/systemd/system
COMMAND=/usr/local/bin/bellhop
PYTHON=${PYTHON:-python3}
SOURCE=$(cd "$(dirname "$0")/../.." && pwd -P)
# What is copied of the source: a checkout's own data and .env stay where they are.
CODE="app actors deploy worker.py scheduler.py bellhop.py requirements.txt"
UNIT_FILES="bellhop.target bellhop-migrate.service bellhop-api.service
    bellhop-worker@.service bellhop-scheduler.service bellhop-.service.d/10-common.conf"
SERVICES="bellhop-migrate bellhop-api bellhop-worker@main bellhop-scheduler"
START_WITHIN_S=90

main() {
    action=install
    while [ $# -gt 0 ]; do
        case $1 in
            --prefix) PREFIX=${2:?--prefix needs a folder}; shift ;;
            --prefix=*) PREFIX=${1#--prefix=} ;;
            --uninstall) action=uninstall ;;
            -h | --help) usage; return ;;
            *) usage >&2; exit 2 ;;
        esac
        shift
    done
    check_machine
    choose_prefix
    "$action"
}

usage() {
    cat <<END
usage: sudo $0 [--prefix DIR] [--uninstall]

Installs Bellhop in DIR ($USUAL_PREFIX) and starts its services; run again, it updates
them. --uninstall removes the services and the code, and keeps settings and data.
The variable PYTHON names another Python than python3 (3.11 or newer).
END
}

install() {
    check_source
    make_user
    make_venv
    make_settings
    stop_services
    copy_code
    write_command
    write_units
    start_services
    tell_where
}

uninstall() {
    say "Stopping the services (a worker finishes its message first)"
    systemctl disable --quiet --now bellhop.target 2>/dev/null || true
    systemctl stop 'bellhop-*' 2>/dev/null || true # waits until all have ended
    say "Removing the units, $COMMAND and $PREFIX"
    rm -rf "$UNITS/bellhop.target.wants"
    for unit in $UNIT_FILES; do
        rm -f "$UNITS/$unit"
    done
    rmdir "$UNITS/bellhop-.service.d" 2>/dev/null || true
    rm -f "$COMMAND"
    remove_code
    systemctl daemon-reload
    systemctl reset-failed 'bellhop-*' 2>/dev/null || true
    say "Kept: your settings in $SETTINGS, your data in $STATE and the user bellhop."
    say "To remove them too: rm -r $SETTINGS $STATE; userdel bellhop"
}

check_machine() {
    [ "$(id -u)" = 0 ] || refuse "This must run as root: sudo $0"
    [ -d /run/systemd/system ] ||
        refuse "systemd does not run this machine. Start Bellhop with: python3 bellhop.py up"
}

# The folder where it is installed already, or the one that was asked for.
choose_prefix() {
    installed=$(sed -n "s|^WorkingDirectory=||p" \
        "$UNITS/bellhop-.service.d/10-common.conf" 2>/dev/null || true)
    PREFIX=${PREFIX:-${installed:-$USUAL_PREFIX}}
    PREFIX=${PREFIX%/}
    [ "${installed:-$PREFIX}" = "$PREFIX" ] ||
        refuse "Bellhop is installed in $installed; --uninstall it there first"
    case $PREFIX in
        /home/* | /root/* | /tmp/* | /var/tmp/* | /run/* | /dev/*)
            refuse "The services may not look into $PREFIX; take a folder like /opt/bellhop" ;;
        *[!A-Za-z0-9/._-]* | */../* | */.. | */./*)
            refuse "--prefix takes a folder's plain full name, such as /opt/bellhop" ;;
        /?*/?*) ;;
        *) refuse "--prefix takes a folder of Bellhop's own, such as /opt/bellhop" ;;
    esac
    if [ -e "$PREFIX" ] && [ ! -e "$PREFIX/.bellhop" ] && [ -n "$(ls -A "$PREFIX")" ]; then
        refuse "$PREFIX holds something else than an installed Bellhop; take another --prefix"
    fi
}

check_source() {
    [ "$SOURCE" != "$PREFIX" ] ||
        refuse "This is the installed Bellhop. Update it from a newer one, unpacked elsewhere"
    command -v "$PYTHON" >/dev/null ||
        refuse "There is no $PYTHON. On Debian and Ubuntu: apt install python3-venv"
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        refuse "Bellhop needs Python 3.11 or newer; name one: PYTHON=python3.12 $0"
}

make_user() {
    ! id bellhop >/dev/null 2>&1 || return 0
    say "Making the user bellhop, who cannot log in and owns $STATE"
    useradd --system --user-group --no-create-home --home-dir "$STATE" \
        --shell /usr/sbin/nologin bellhop
}

# The environment is made beside the one in use, under a name that tells what is in it:
# where there is no network, the old services go on as if nothing had happened.
make_venv() {
    venv=$PREFIX/venv-$("$PYTHON" - "$SOURCE/requirements.txt" <<'END'
import hashlib, pathlib, sys
parts = [sys.version, sys.base_prefix, pathlib.Path(sys.argv[1]).read_text("utf-8")]
print(hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12])
END
    )
    say "Python packages in $venv"
    mkdir -p "$PREFIX"
    touch "$PREFIX/.bellhop"
    (umask 022; "$PYTHON" -B - "$SOURCE" "$venv" <<'END'
import pathlib, sys
source, folder = map(pathlib.Path, sys.argv[1:])
sys.path.insert(0, str(source))
from app.errors import StartError
from app.launcher import environment
try:
    environment.ensure(folder, requirements=source / "requirements.txt")
except StartError as error:
    sys.exit(f"{error}\nThe services were not touched.")
END
    )
}

make_settings() {
    mkdir -p "$SETTINGS"
    [ -e "$SETTINGS/bellhop.env" ] || write_settings
    # Its place is set (BELLHOP_CONFIG), so that it must be there; empty is enough.
    [ -e "$SETTINGS/bellhop.toml" ] || : >"$SETTINGS/bellhop.toml"
    chmod 0755 "$SETTINGS"
    for file in "$SETTINGS/bellhop.env" "$SETTINGS/bellhop.toml"; do
        # The services read it, and nobody else; /etc is read-only to them.
        [ ! -e "$file" ] || { chown bellhop:bellhop "$file"; chmod 0600 "$file"; }
    done
}

write_settings() {
    say "Writing $SETTINGS/bellhop.env with new random keys"
    (
        umask 077
        {
            echo "BELLHOP_ENV=production"
            echo "BELLHOP_SECRET_KEY=$(random_key)"
            echo "BELLHOP_API_KEY=$(random_key)"
            cat "$SOURCE/deploy/systemd/bellhop.env"
        } >"$SETTINGS/.bellhop.env.new"
        mv "$SETTINGS/.bellhop.env.new" "$SETTINGS/bellhop.env"
    )
}

random_key() {
    "$PYTHON" -c 'import secrets; print(secrets.token_urlsafe(48))'
}

stop_services() {
    [ -e "$UNITS/bellhop.target" ] || return 0
    say "Stopping the services (a worker finishes its message first)"
    systemctl stop bellhop.target 'bellhop-*'
}

copy_code() {
    say "Copying the code from $SOURCE to $PREFIX"
    remove_code keep-venvs
    (
        umask 022
        for part in $CODE; do
            cp -R "$SOURCE/$part" "$PREFIX/"
        done
    )
    chown -R root:root "$PREFIX"
    chmod -R u=rwX,go=rX "$PREFIX"
    ln -s "$(basename "$venv")" "$PREFIX/.venv"
    ln -s "$SETTINGS/bellhop.env" "$PREFIX/.env"
    find "$PREFIX" -name __pycache__ -prune -not -path "$PREFIX/venv-*" -exec rm -r {} +
    # The services may not write here, so that Python could not keep what it compiled.
    "$PREFIX/.venv/bin/python" -m compileall -q "$PREFIX/app" "$PREFIX/actors"
}

# Also what an older version had and this one has not; never a folder that is not ours.
remove_code() {
    [ -e "$PREFIX/.bellhop" ] || return 0
    for part in $CODE; do
        rm -rf "${PREFIX:?}/$part"
    done
    rm -f "$PREFIX/.venv" "$PREFIX/.env"
    for old in "$PREFIX"/venv-*; do
        [ "$old" = "${venv:-}" ] || rm -rf "$old"
    done
    [ "${1:-}" = keep-venvs ] || {
        rm -f "$PREFIX/.bellhop"
        rmdir "$PREFIX" 2>/dev/null || say "Kept: what else is in $PREFIX"
    }
}

write_command() {
    say "Writing the command $COMMAND"
    mkdir -p "$(dirname "$COMMAND")"
    cat >"$COMMAND" <<END
#!/bin/sh
# Bellhop's commands, as the user and with the settings of its services.
[ "\$(id -u)" = 0 ] || exec sudo -- "\$0" "\$@"
cd $PREFIX && exec runuser -u bellhop -- env BELLHOP_DATA_DIR=$STATE \\
    BELLHOP_CONFIG=$SETTINGS/bellhop.toml $PREFIX/.venv/bin/python -m app "\$@"
END
    chmod 0755 "$COMMAND"
}

write_units() {
    say "Writing the units to $UNITS"
    mkdir -p "$UNITS/bellhop-.service.d"
    for unit in $UNIT_FILES; do
        sed "s|/opt/bellhop|$PREFIX|g" "$SOURCE/deploy/systemd/$unit" >"$UNITS/$unit"
        chmod 0644 "$UNITS/$unit"
    done
    systemctl daemon-reload
}

start_services() {
    say "Starting the services, now and whenever this machine starts"
    # shellcheck disable=SC2086 # several names
    systemctl enable --quiet bellhop.target $SERVICES
    systemctl reset-failed 'bellhop-*' 2>/dev/null || true
    systemctl start --no-block bellhop.target
    left=$START_WITHIN_S
    # shellcheck disable=SC2086
    until [ "$(systemctl is-active $SERVICES | sort -u)" = active ]; do
        left=$((left - 1))
        [ "$left" != 0 ] || tell_failure
        sleep 1
        # One that failed takes the others a moment to follow.
        ! systemctl --quiet is-failed $SERVICES || left=$((left > 5 ? 5 : left))
    done
}

tell_failure() {
    # shellcheck disable=SC2086 # several names
    for service in $SERVICES; do
        case $(systemctl is-active "$service" || true) in
            active) continue ;;
            failed) echo "$service does not start:" >&2 ;;
            *) echo "$service is not ready yet:" >&2 ;;
        esac
        # What it said itself, in this run.
        run=$(systemctl show --property InvocationID --value "$service")
        journalctl _SYSTEMD_INVOCATION_ID="$run" --lines 5 --output cat --no-pager >&2 || true
    done
    refuse "Mend that (often in $SETTINGS/bellhop.env), then: systemctl restart bellhop.target"
}

tell_where() {
    say "Bellhop runs. Its API: http://127.0.0.1:8000, unless $SETTINGS/bellhop.env differs."
    say "Its API key: grep BELLHOP_API_KEY $SETTINGS/bellhop.env"
    say "Its data: $STATE; its lines: journalctl -u 'bellhop-*' -f; its commands: bellhop --help"
}

say() { echo "$*"; }

refuse() {
    echo "$*" >&2
    exit 1
}

main "$@"
