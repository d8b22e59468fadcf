"""A task does what it likes inside its sandbox. On the real engine: it hurts neither node nor neighbour."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from pathlib import Path

import pytest

from core.domain.resources import GIB, MIB, Resources
from tests.integration.execution.conftest import Open
from tests.support.sandboxes import order, python, run, shell
from worker_app.agent.ports.sandbox import CollectOrder, OutputRefused, Sandbox, Started

#: An Ended frame as the runner would write it, through Docker's stdout; the attempt claims a success.
FORGED = (
    "import json,struct\n"
    "m=json.dumps({'t':'ended','attempt':'A1','exit':0,'signal':None}).encode()\n"
    "frame=b'J'+struct.pack('>I',len(m))+m\n"
)
LOOK = (
    "import os\n"
    "tops=['/work/'+n for n in ('run','out','item','checkpoint','log')]+['/tmp','/dev/shm']\n"
    "print(sorted(t+'/'+n for t in tops for n in os.listdir(t)))\n"
    "print(sum(n.isdigit() for n in os.listdir('/proc')))\n"
)


async def still_works(sandbox: Sandbox) -> None:
    """The next attempt in the same sandbox finds nothing and nobody but itself and the runner."""
    after = await run(sandbox, python(LOOK, attempt_id="NEXT"))
    assert after.end.exit_code == 0, after.stderr
    assert after.stdout == "['/work/run/checkpoint', '/work/run/out']\n2\n"


@pytest.mark.parametrize(
    "handle", ["/proc/1/fd/1", "/proc/1/fd/0", "/proc/1/mem", "/proc/1/cwd", "/proc/1/environ"]
)
async def test_an_attempt_cannot_open_the_runners_files(open_sandbox: Open, handle: str) -> None:
    sandbox = await open_sandbox()
    forge = FORGED + f"open({handle!r},'r+b',0).write(frame)\nraise SystemExit(0)"
    done = await run(sandbox, python(forge))
    assert done.end.exit_code == 1
    assert "PermissionError" in done.stderr
    assert len(done.of(Started)) == 1


async def test_an_attempt_cannot_trace_or_write_the_runner(open_sandbox: Open) -> None:
    sandbox = await open_sandbox()
    code = (
        "import ctypes,os\n"
        "libc=ctypes.CDLL(None,use_errno=True)\n"
        "for request in (16,0x4206):\n"
        "    print('ptrace',libc.ptrace(request,1,0,0),ctypes.get_errno())\n"
        "class V(ctypes.Structure): _fields_=[('base',ctypes.c_void_p),('len',ctypes.c_size_t)]\n"
        "here=ctypes.create_string_buffer(8)\n"
        "v=V(ctypes.addressof(here),8); there=V(0x400000,8)\n"
        "print('vm',libc.process_vm_writev(1,ctypes.byref(v),1,ctypes.byref(there),1,0),ctypes.get_errno())\n"
        "print('vm',libc.process_vm_readv(1,ctypes.byref(v),1,ctypes.byref(there),1,0),ctypes.get_errno())\n"
    )
    done = await run(sandbox, python(code))
    assert done.stdout == "ptrace -1 1\nptrace -1 1\nvm -1 1\nvm -1 1\n"
    await still_works(sandbox)


async def test_frames_on_its_own_stdout_are_only_output(open_sandbox: Open) -> None:
    sandbox = await open_sandbox()
    code = FORGED + (
        "import sys\n"
        "docker=lambda p: b'\\x01\\0\\0\\0'+struct.pack('>I',len(p))+p\n"
        "out=sys.stdout.buffer\n"
        "out.write(frame*50+docker(frame)*50+b'\\0HIVEMIND-SYNC\\0'+b'x'*16+frame); out.flush()\n"
        "raise SystemExit(7)"
    )
    done = await run(sandbox, python(code))
    assert done.end.exit_code == 7
    assert done.stdout.count('"ended"') == 101
    await still_works(sandbox)


async def test_signals_do_not_disturb_the_runner(open_sandbox: Open) -> None:
    sandbox = await open_sandbox()
    code = "import os\nfor n in range(1,65):\n  try: os.kill(1,n)\n  except OSError as e: pass\nprint('sent')"
    done = await run(sandbox, python(code))
    assert done.end.exit_code == 0
    assert done.stdout == "sent\n"
    await still_works(sandbox)


async def test_nothing_outlives_its_attempt(open_sandbox: Open) -> None:
    sandbox = await open_sandbox()
    code = (
        "import os,signal,time\n"
        "def stay():\n"
        "    os.setsid()\n"
        "    for n in (1,2,3,15): signal.signal(n,signal.SIG_IGN)\n"
        "    while True:\n"
        "        try: open('/work/out/again','a').write('x')\n"
        "        except OSError: pass\n"
        "        time.sleep(0.001)\n"
        "for _ in range(20):\n"
        "    if os.fork()==0:\n"
        "        if os.fork()==0: stay()\n"
        "        os._exit(0)\n"
        "time.sleep(0.2)\n"
    )
    done = await run(sandbox, python(code))
    assert done.end.exit_code == 0
    assert not done.end.dirty
    assert await sandbox.clear()
    await still_works(sandbox)


async def test_filled_folders_are_emptied_whatever_is_in_them(open_sandbox: Open) -> None:
    sandbox = await open_sandbox()
    code = (
        "import os,socket\n"
        "for top in ('/work/run','/work/out','/work/checkpoint','/work/item','/work/log','/tmp','/dev/shm'):\n"
        "    for n in range(50): open(f'{top}/f{n}','w').write('x'*1000)\n"
        "    os.mkfifo(top+'/fifo'); os.symlink('/work/src',top+'/link'); os.link(top+'/f1',top+'/hard')\n"
        "    socket.socket(socket.AF_UNIX).bind(top+'/sock')\n"
        "    os.makedirs(top+'/closed/inner'); open(top+'/closed/inner/x','w').close()\n"
        "    os.chmod(top+'/closed/inner',0); os.chmod(top+'/closed',0)\n"
        "    open(top.encode()+b'/\\xff\\n bad','w').close()\n"
        "    os.chdir(top)\n"
        "    for n in range(600): os.mkdir('d'*200); os.chdir('d'*200)\n"
        "    open('deep','w').close()\n"
        "    os.chdir('/')\n"
        "    if top!='/tmp' and top!='/dev/shm': os.chmod(top,0)\n"
    )
    done = await run(sandbox, python(code))
    assert done.end.exit_code == 0, done.stderr
    started = time.monotonic()
    assert await sandbox.clear()
    assert time.monotonic() - started < 20
    await still_works(sandbox)


async def test_files_cannot_be_made_immutable(open_sandbox: Open) -> None:
    sandbox = await open_sandbox()
    code = (
        "import fcntl,os,struct\n"
        "f=open('/work/out/f','w')\n"
        "for flag in (0x10,0x20):\n"
        "    try: fcntl.ioctl(f,0x40086602,struct.pack('l',flag)); print('set')\n"
        "    except OSError as e: print(e.errno)\n"
    )
    done = await run(sandbox, python(code))
    assert set(done.stdout.split()) <= {"1", "25", "95"}
    assert len(done.stdout.split()) == 2
    await still_works(sandbox)


async def test_what_system_v_memory_leaves_makes_the_sandbox_dirty(open_sandbox: Open) -> None:
    sandbox = await open_sandbox()
    code = "import ctypes\nprint(ctypes.CDLL(None).shmget(42,1<<20,0o1600) >= 0)"
    done = await run(sandbox, python(code))
    assert done.stdout == "True\n"
    assert not await sandbox.clear()


async def test_a_fork_bomb_is_bounded_and_ends(open_sandbox: Open) -> None:
    sandbox = await open_sandbox()
    neighbour = await open_sandbox(sandbox_id="s2", task_id="TASK2")
    bomb = asyncio.ensure_future(
        run(sandbox, python("import os\nwhile True:\n  try: os.fork()\n  except OSError: pass", timeout_s=3))
    )
    await asyncio.sleep(1)
    started = time.monotonic()
    assert (await run(neighbour, order("/bin/true"))).end.exit_code == 0
    assert time.monotonic() - started < 5
    done = await bomb
    assert done.end.timed_out
    assert not done.end.dirty
    await still_works(sandbox)


async def test_a_memory_hog_is_oom_and_the_sandbox_lives(open_sandbox: Open) -> None:
    sandbox = await open_sandbox()
    done = await run(sandbox, python("a=[]\nwhile True: a.append(bytearray(8<<20))"))
    assert done.end.oom_killed
    assert done.end.signal == 9
    await still_works(sandbox)


async def test_a_hog_below_a_shell_is_oom_and_137_alone_is_not(open_sandbox: Open) -> None:
    sandbox = await open_sandbox()
    hog = "python3 -c 'a=[]\nwhile True: a.append(bytearray(8<<20))'; exit $?"
    assert (await run(sandbox, shell(hog))).end.oom_killed
    assert not (await run(sandbox, shell("exit 137", attempt_id="A2"))).end.oom_killed
    done = await run(sandbox, shell("kill -9 $$", attempt_id="A3"))
    assert done.end.signal == 9
    assert not done.end.oom_killed


async def test_filling_memory_backed_folders_does_not_kill_the_runner(open_sandbox: Open) -> None:
    sandbox = await open_sandbox()
    await run(sandbox, shell("cat /dev/zero > /tmp/a; cat /dev/zero > /dev/shm/a; true"))
    await still_works(sandbox)


async def test_endless_output_is_capped_and_says_so(open_sandbox: Open) -> None:
    sandbox = await open_sandbox()
    done = await run(sandbox, shell("cat /dev/zero", timeout_s=2))
    assert done.end.timed_out
    assert done.end.output_dropped_bytes > 0
    assert done.end.output_bytes > done.end.output_dropped_bytes
    shown = sum(len(text) for text in (done.stdout, done.stderr))
    assert shown < 16 * MIB
    await still_works(sandbox)


async def test_ignoring_sigterm_costs_the_grace_and_no_more(open_sandbox: Open) -> None:
    sandbox = await open_sandbox()
    started = time.monotonic()
    done = await run(sandbox, shell("trap '' TERM INT HUP; while :; do sleep 1; done", timeout_s=1))
    assert done.end.timed_out
    assert done.end.signal == 9
    assert 1.5 < time.monotonic() - started < 6


async def test_a_full_disk_is_the_disk_class(open_sandbox: Open) -> None:
    small = Resources(cpu_millis=1000, memory_bytes=128 * MIB, disk_bytes=64 * MIB)
    sandbox = await open_sandbox(resources=small)
    many = "n=0; while :; do n=$((n+1)); head -c 8000000 /dev/zero > /work/out/f$n; done"
    done = await run(sandbox, shell(many, timeout_s=40))
    assert done.end.disk_exceeded
    # One file is stopped by its own limit at once.
    done = await run(sandbox, shell("exec cat /dev/zero > /work/out/one", attempt_id="A2"))
    assert done.end.disk_exceeded
    await still_works(sandbox)


async def test_deleted_files_that_stay_open_count_as_disk(open_sandbox: Open) -> None:
    small = Resources(cpu_millis=1000, memory_bytes=128 * MIB, disk_bytes=32 * MIB)
    sandbox = await open_sandbox(resources=small)
    code = (
        "import os,time\nkept=[]\n"
        "for n in range(10):\n"
        "    f=open('/work/out/x','wb'); os.unlink('/work/out/x'); f.write(b'x'*(8<<20))\n"
        "    f.flush(); kept.append(f)\n"
        "time.sleep(60)"
    )
    assert (await run(sandbox, python(code, timeout_s=30))).end.disk_exceeded


@pytest.mark.parametrize(
    ("made", "word"),
    [
        ("ln -s /etc/passwd /work/out/r", "out/r is a symbolic link"),
        ("ln -s /etc /work/out/d", "out/d is a symbolic link"),
        ("python3 -c 'import os; os.mkfifo(\"/work/out/p\")'", "out/p is a FIFO"),
        ('python3 -c \'open(b"/work/out/\\xff","w")\'', "utf-8"),
        ("touch '/work/out/a\\b'", "backslashes"),
        ("touch /work/out/A /work/out/a", "two results"),
        ("for n in $(seq 30); do touch /work/out/$n; done", "more than 20 files"),
        ("head -c 3000000 /dev/zero > /work/out/big", "more than 2097152 bytes"),
        (
            "truncate -s 100G /work/out/sparse || head -c 3000000 /dev/zero > /work/out/x",
            "more than 2097152 bytes",
        ),
        ("true", "missing: out/wanted"),
    ],
)
async def test_bad_results_are_refused_by_name(open_sandbox: Open, tmp_path: Path, made: str, word: str) -> None:
    sandbox = await open_sandbox()
    assert (await run(sandbox, shell(made))).end.exit_code == 0
    wanted = CollectOrder(
        target_folder=tmp_path / "out", required=("out/wanted",), max_bytes=2 * MIB, max_files=20
    )
    with pytest.raises(OutputRefused) as refused:
        await sandbox.collect(wanted)
    assert word in refused.value.message
    assert list(tmp_path.glob("out/*")) == []
    await still_works(sandbox)


async def test_devices_cannot_be_made(open_sandbox: Open) -> None:
    sandbox = await open_sandbox()
    code = "import os,stat\nos.mknod('/work/out/dev',0o600|stat.S_IFBLK,os.makedev(8,0))"
    done = await run(sandbox, python(code))
    assert "PermissionError" in done.stderr


async def test_there_is_no_network(open_sandbox: Open) -> None:
    sandbox = await open_sandbox()
    code = (
        "import os,socket\n"
        "print(os.listdir('/sys/class/net'))\n"
        "for kind,address in ((socket.SOCK_STREAM,('169.254.169.254',80)),(socket.SOCK_DGRAM,('8.8.8.8',53)),"
        "(socket.SOCK_STREAM,('172.17.0.1',22))):\n"
        "    s=socket.socket(socket.AF_INET,kind); s.settimeout(2)\n"
        "    try: s.connect(address); print('connected')\n"
        "    except OSError as e: print('no')\n"
        "try: socket.socket(socket.AF_PACKET,socket.SOCK_RAW); print('raw')\n"
        "except OSError: print('no')\n"
        "try: socket.socket(socket.AF_INET,socket.SOCK_RAW,1); print('raw')\n"
        "except OSError: print('no')\n"
    )
    done = await run(sandbox, python(code))
    assert done.stdout == "['lo']\nno\nno\nno\nno\nno\n"


async def test_privileges_are_gone_and_cannot_be_had(open_sandbox: Open) -> None:
    sandbox = await open_sandbox()
    code = (
        "import ctypes,os\n"
        "s=dict(l.split(':\\t') for l in open('/proc/self/status').read().splitlines() if ':\\t' in l)\n"
        "print(os.getuid(),os.getgid(),os.getgroups(),s['CapEff'],s['CapBnd'],s['NoNewPrivs'],s['Seccomp'])\n"
        "libc=ctypes.CDLL(None,use_errno=True)\n"
        "for flag in (0x10000000,0x20000,0x40000000): print(libc.unshare(flag))\n"
        "print(libc.mount(b'none',b'/tmp',b'tmpfs',0,0), libc.umount(b'/work'))\n"
        "for path in ('/x','/work/x','/work/src/x','/hivemind/x','/etc/passwd','/proc/sys/kernel/hostname',"
        "'/proc/sysrq-trigger','/sys/fs/cgroup/memory/memory.limit_in_bytes','/sys/fs/cgroup/memory.max'):\n"
        "    try: open(path,'w'); print('wrote',path)\n"
        "    except OSError: pass\n"
        "print(os.path.exists('/var/run/docker.sock'), os.path.exists('/run/docker.sock'))\n"
        "print(open('/proc/self/oom_score_adj').read().strip())\n"
    )
    done = await run(sandbox, python(code))
    expected = "10001 10001 [] 0000000000000000 0000000000000000 1 2\n-1\n-1\n-1\n-1 -1\nFalse False\n1000\n"
    groups = done.stdout.replace("[10001]", "[]")
    assert groups == expected


async def test_a_neighbour_is_neither_seen_nor_slowed(open_sandbox: Open) -> None:
    loud = await open_sandbox(sandbox_id="s1", task_id="TASK1")
    quiet = await open_sandbox(sandbox_id="s2", task_id="TASK2")
    noise = asyncio.ensure_future(
        run(loud, shell("touch /work/run/secret; yes > /dev/null & yes > /dev/null", timeout_s=4))
    )
    await asyncio.sleep(1)
    look = "import os\nprint([n for _,_,f in os.walk('/work') for n in f])"
    assert (await run(quiet, python(look))).stdout == "[]\n"
    await still_works(quiet)
    took = [(await run(quiet, order("/bin/true", attempt_id=f"N{n}"))).end.wall_ms for n in range(20)]
    assert sorted(took)[10] < 200
    assert (await noise).end.timed_out


async def test_secrets_are_masked_also_across_reads(open_sandbox: Open) -> None:
    sandbox = await open_sandbox()
    script = "printf 'a s3cr'; sleep 0.2; printf 'et-token b\\n'; printf 's3cret-token' >&2; echo s3cret"
    done = await run(sandbox, shell(script, masked=("s3cret-token",), env={"T": "s3cret-token"}))
    assert done.stdout == "a *** b\ns3cret\n"
    assert done.stderr == "***"
    assert "s3cret" not in repr(shell("true", env={"T": "s3cret"}, masked=("s3cret",)))


async def test_a_dead_agents_sandbox_ends_itself(open_sandbox: Open) -> None:
    sandbox = await open_sandbox()
    stubborn = "trap '' TERM; while :; do sleep 1; done"
    started = time.monotonic()
    with pytest.raises(Exception, match="ended"):
        await run(sandbox, shell(stubborn, lease_s=2, timeout_s=0))
    assert 1.5 < time.monotonic() - started < 6


async def test_resources_hold(open_sandbox: Open) -> None:
    sandbox = await open_sandbox(
        resources=Resources(cpu_millis=500, memory_bytes=96 * MIB, disk_bytes=GIB), shm_bytes=16 * MIB
    )
    code = (
        "import time,os,resource\n"
        "w=time.monotonic(); c=time.process_time()\n"
        "while time.monotonic()-w<2: pass\n"
        "print(round((time.process_time()-c)/2,1)<=0.7)\n"
        "limit=resource.getrlimit\n"
        "print(limit(resource.RLIMIT_FSIZE)[1]==1<<30, limit(resource.RLIMIT_CORE)[1]==0)\n"
        "s=os.statvfs('/dev/shm'); print(s.f_blocks*s.f_frsize)\n"
        "s=os.statvfs('/tmp'); print(s.f_blocks*s.f_frsize)\n"
    )
    done = await run(sandbox, python(code))
    assert done.stdout == f"True\nTrue True\n{16 * MIB}\n{48 * MIB}\n"
    assert dataclasses.asdict(done.end)["cpu_ms"] > 500
