import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Kills what it was told of, and removes a folder, as soon as this process ends, however it ends. */
export interface Reaper {
  /** Takes a process into care. */
  add(pid: number): void;
  /** Forgets a process that has ended. */
  forget(pid: number): void;
  /** Kills what is left, removes the folder and resolves when both are done. */
  finish(): Promise<void>;
}

// Reads its orders from a pipe whose other end this process alone holds: the system closes it even on kill -9.
const script = `
pids=''
while read -r verb pid; do
  case $verb in
    add) pids="$pids $pid" ;;
    forget) rest=''; for p in $pids; do [ "$p" = "$pid" ] || rest="$rest $p"; done; pids=$rest ;;
  esac
done
[ -z "$pids" ] || kill -KILL $pids 2>/dev/null
for attempt in 1 2 3 4 5; do
  rm -rf -- "$1" 2>/dev/null && exit 0
  sleep 1
done
exit 1
`;

/** Starts a reaper that removes `folder` at the end. */
export function startReaper(folder: string): Reaper {
  // a session of its own: Ctrl-C in the terminal must not end it before its work is done
  const shell = spawn('/bin/sh', ['-c', script, 'reaper', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const { stdin } = shell;
  stdin.on('error', () => undefined);
  shell.unref();
  (stdin as unknown as { unref(): void }).unref(); // the pipe alone must not keep this process alive
  return {
    add: (pid) => stdin.write(`add ${pid}\n`),
    forget: (pid) => stdin.write(`forget ${pid}\n`),
    async finish() {
      if (shell.exitCode !== null) return;
      shell.ref();
      const ended = once(shell, 'exit');
      stdin.end();
      await ended;
    },
  };
}
