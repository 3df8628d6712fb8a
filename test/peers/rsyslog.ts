import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';

import { findFreePorts } from '../cluster/server.ts';
import { type Pair } from '../sink-kit/certificates.ts';
import { debianPackages } from './kit/packages.ts';
import { createPeerFolder, startPeer } from './kit/peer-process.ts';

/** A message as rsyslog has understood it. */
export interface SyslogRecord {
  readonly pri: string;
  readonly time: string;
  readonly host: string;
  readonly tag: string;
  readonly messageId: string;
  readonly structuredData: string;
  readonly message: string;
}

/** Whom rsyslog shows itself as over TLS, and whose certificates it takes. */
export interface SyslogTls {
  readonly authority: Pair;
  readonly server: Pair;
}

/** An rsyslog daemon that writes whatever it takes to files. */
export interface Rsyslog extends AsyncDisposable {
  readonly ports: Readonly<Record<Input, number>>;
  /** The path of a stream socket of this machine. */
  readonly socket: string;
  /** Messages by syslog, over whatever way they came, in order. */
  records(): Promise<SyslogRecord[]>;
  /** What came to the port for plain datagrams, as it came. */
  datagrams(): Promise<string[]>;
  stop(): Promise<void>;
  /** Starts it again at the same places, with other certificates if there are any. */
  start(tls?: SyslogTls): Promise<void>;
}

const inputs = ['tcp', 'tls', 'udp', 'plainUdp'] as const;
type Input = (typeof inputs)[number];

const packages = ['rsyslog', 'rsyslog-gnutls', 'libestr0', 'libfastjson4'];
const graceMs = 10_000;

/** Fetches rsyslog as this Debian has it, without installing it. */
export async function fetchRsyslog(): Promise<string> {
  return debianPackages('rsyslog', packages);
}

/** Starts rsyslog with no messages. */
export async function startRsyslog(tls: SyslogTls): Promise<Rsyslog> {
  const root = await fetchRsyslog();
  const [architecture = ''] = (await readdir(join(root, 'usr/lib'))).filter((name) =>
    name.includes('-linux-'),
  );
  const libraries = join(root, 'usr/lib', architecture);
  const home = await createPeerFolder('rsyslog');
  const free = await findFreePorts(inputs.length);
  const ports = Object.fromEntries(inputs.map((name, index) => [name, free[index]])) as Record<Input, number>;
  let server: Awaited<ReturnType<typeof startPeer>> | undefined;
  const start = async (present: SyslogTls): Promise<void> => {
    await writeFile(join(home.path, 'ca.crt'), present.authority.cert);
    await writeFile(join(home.path, 'tls.crt'), present.server.cert);
    await writeFile(join(home.path, 'tls.key'), present.server.key);
    await writeFile(join(home.path, 'rsyslog.conf'), configuration(home.path, ports));
    server = await startPeer({
      name: 'rsyslog',
      binary: join(root, 'usr/sbin/rsyslogd'),
      args: [
        '-n',
        '-f',
        join(home.path, 'rsyslog.conf'),
        '-i',
        join(home.path, 'pid'),
        '-M',
        join(libraries, 'rsyslog'),
      ],
      env: { ...process.env, LD_LIBRARY_PATH: libraries },
      home,
      probe: async () => (await listens(ports.tcp)) && (await listens(ports.tls)),
    });
  };
  const linesOf = async (name: string): Promise<string[]> =>
    (await readFile(join(home.path, name), 'utf8').catch(() => '')).split('\n').slice(0, -1);
  await start(tls);
  return {
    ports,
    socket: join(home.path, 'log.sock'),
    records: async () => (await linesOf('records')).map((line) => JSON.parse(line) as SyslogRecord),
    datagrams: () => linesOf('datagrams'),
    stop: async () => server?.stop(graceMs),
    start: (other = tls) => start(other),
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  };
}

function configuration(folder: string, ports: Readonly<Record<Input, number>>): string {
  return `
global(
  workDirectory="${folder}" maxMessageSize="128k" parser.escapeControlCharactersOnReceive="off"
  defaultNetstreamDriver="gtls" defaultNetstreamDriverCAFile="${folder}/ca.crt"
  defaultNetstreamDriverCertFile="${folder}/tls.crt" defaultNetstreamDriverKeyFile="${folder}/tls.key"
)
module(load="imptcp")
module(load="imudp")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
template(name="record" type="list" option.jsonf="on") {
  property(outname="pri" name="pri" format="jsonf")
  property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="tag" name="app-name" format="jsonf")
  property(outname="messageId" name="msgid" format="jsonf")
  property(outname="structuredData" name="structured-data" format="jsonf")
  property(outname="message" name="msg" format="jsonf")
}
template(name="datagram" type="string" string="%rawmsg%\\n")
ruleset(name="records") { action(type="omfile" file="${folder}/records" template="record") }
ruleset(name="datagrams") { action(type="omfile" file="${folder}/datagrams" template="datagram") }
input(type="imptcp" address="127.0.0.1" port="${ports.tcp}" ruleset="records")
input(type="imptcp" path="${folder}/log.sock" unlink="on" ruleset="records")
input(type="imtcp" address="127.0.0.1" port="${ports.tls}" ruleset="records")
input(type="imudp" address="127.0.0.1" port="${ports.udp}" rcvbufSize="8m" ruleset="records")
input(type="imudp" address="127.0.0.1" port="${ports.plainUdp}" rcvbufSize="8m" ruleset="datagrams")
`;
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
