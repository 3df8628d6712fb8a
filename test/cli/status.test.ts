import { readInventory } from '../../operator/cli/inventory.ts';
import { formatStatus, isAllReady } from '../../operator/cli/status-report.ts';
import { startApiServer } from './api-server.ts';
import {
  createReadingClient,
  cluster,
  listed,
  listOf,
  listPath,
  ready,
  shopOnly,
  wholeCluster,
} from './cluster-objects.ts';
import { eventroute } from './command.ts';

type Answers = Readonly<Record<string, unknown>>;

const style = { now: new Date('2026-01-31T12:01:00Z'), wide: false, paint: (text: string) => text };
const readShop = (answers: Answers) =>
  readInventory(createReadingClient(answers), { isWhole: false, namespaces: ['shop'] });
const readAll = (answers: Answers) =>
  readInventory(createReadingClient(answers), { isWhole: true, namespaces: ['shop'] });

describe('the status', () => {
  it('shows the tables of a namespace, and why something is not ready', async () => {
    const inventory = await readShop(wholeCluster);

    expect(inventory.gaps).toEqual([]);
    expect(formatStatus(inventory, style)).toBe(
      `NAMESPACE   NAME                READY   SCOPE       RECEIVERS   MATCHED   DELIVERED   FAILED   PENDING   LAST   AGE
shop        eventroute/orders   True    Namespace   1/1         5                                               60s

NAMESPACE   NAME                   READY   SINK     DELIVERED   FAILED   PENDING   LAST SUCCESS   AGE
shop        eventreceiver/oncall   False   slack    0           41       37                       60s
shop        eventreceiver/spare    True    stdout                                                 60s

EventReceiver shop/oncall is not ready (ConnectionRefused): hooks.example.com refused the connection`,
    );
  });

  it('shows those of all namespaces, sorted, with further columns when asked', async () => {
    const text = formatStatus(await readAll(wholeCluster), { ...style, wide: true });

    const names = [...text.matchAll(/^(\S+) +(event\w+\/\S+)/gm)].map(
      ([, space, name]) => `${space} ${name}`,
    );
    expect(names).toEqual([
      'eventroute-system eventroute/everything',
      'shop eventroute/orders',
      'eventroute-system eventreceiver/archive',
      'shop eventreceiver/oncall',
      'shop eventreceiver/spare',
    ]);
    expect(text).toMatch(/^NAMESPACE .* DROPPED +ENDPOINT +REASON +MESSAGE$/m);
  });

  it('shows who may read one namespace that one, and says what they may not see', async () => {
    const inventory = await readAll(shopOnly);

    expect(inventory.routes.map(({ metadata }) => metadata.name)).toEqual(['orders']);
    expect(inventory.receivers.map(({ metadata }) => metadata.name)).toEqual(['oncall', 'spare']);
    expect(inventory).toMatchObject({
      isWhole: false,
      gaps: [
        'You may not list EventRoutes in all namespaces: shown are those of namespace shop',
        'You may not list EventReceivers in all namespaces: shown are those of namespace shop',
      ],
    });
  });

  it('shows one kind when the other may not be read', async () => {
    const inventory = await readShop({ ...wholeCluster, [listPath('eventreceivers', 'shop')]: 'forbidden' });

    expect(inventory.gaps).toEqual(['You may not list EventReceivers in namespace shop']);
    expect(inventory.routes).toHaveLength(1);
  });

  it('fails with the remedy when nothing may be read', async () => {
    const nothing = {
      [listPath('eventroutes', 'shop')]: 'forbidden',
      [listPath('eventreceivers', 'shop')]: 'forbidden',
    };

    await expect(readShop(nothing)).rejects.toThrow(
      'You may not list EventRoutes in namespace shop; You may not list EventReceivers in namespace shop: ' +
        'ask for a RoleBinding to the ClusterRole view there, or name a namespace that you may read with -n',
    );
  });

  it('says that Eventroute is not installed when the cluster does not know our kinds', async () => {
    await expect(readShop({})).rejects.toThrow(
      /the cluster does not know event\w+s\.eventroute\.dev v1beta1: install Eventroute/,
    );
  });

  it('takes something for not ready that is not, that may not be read, or that was changed since', async () => {
    const changed = listed('shop/orders', { status: ready('True', { generation: 0 }) });
    const only = (object: unknown) => ({
      [listPath('eventroutes', 'shop')]: listOf([object]),
      [listPath('eventreceivers', 'shop')]: listOf([]),
    });

    expect(isAllReady(await readShop(only(cluster.shopRoute)))).toBe(true);
    expect(isAllReady(await readShop(wholeCluster))).toBe(false);
    expect(isAllReady(await readShop(only(changed)))).toBe(false);
    expect(formatStatus(await readShop(only(changed)), style)).toContain(
      'EventRoute shop/orders the operator has not looked at its newest generation yet; before, was ready',
    );
    const hidden = { ...only(cluster.shopRoute), [listPath('eventreceivers', 'shop')]: 'forbidden' };
    expect(isAllReady(await readShop(hidden))).toBe(false);
  });

  it('colours no more than words, and lets no text rewrite the terminal', async () => {
    const evil = listed('shop/evil', { status: ready('False', { reason: 'Odd', message: '\u001b[2Jgone' }) });
    const inventory = await readShop({
      [listPath('eventroutes', 'shop')]: listOf([evil]),
      [listPath('eventreceivers', 'shop')]: listOf([]),
    });

    const text = formatStatus(inventory, {
      ...style,
      wide: true,
      paint: (word, meaning) => `<${meaning} ${word}>`,
    });

    expect(text).toContain('<bad False>');
    expect(text).toContain(String.raw`\u001b[2Jgone`);
    expect(text).not.toContain('\u001b');
  });
});

describe('eventroute status', () => {
  it('prints what the cluster of the kubeconfig holds, and exits with 1 under --fail', async () => {
    await using server = await startApiServer(wholeCluster);

    const { code, out, err } = await eventroute(['status', '--kubeconfig', server.kubeconfig, '--fail']);

    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toMatch(/^NAMESPACE[^]*eventroute\/orders[^]*EventReceiver shop\/oncall is not ready/);
  }, 60_000);

  it('refuses --watch with --fail, which judges one moment', async () => {
    const { code, err } = await eventroute(['status', '--watch', '--fail']);

    expect(code).toBe(2);
    expect(err).toMatch(/takes --watch or --fail, not both/);
  }, 60_000);
});
