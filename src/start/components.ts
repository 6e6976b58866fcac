/** Starts the components that belong to a process, in order: engine, actors, development PLC, gateway. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Config } from '#src/config/config.ts'
import type { DataFolder } from '#src/data-folder.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import type { Log } from '#src/log.ts'
import { listenError, mustBeFree } from '#src/start/check-port.ts'
import { startOperatorPort } from '#src/start/operator-port.ts'
import { type StartPorts, startActorsOf } from '#src/start/start-actors.ts'

// How long the gateway waits for directory and sequencer before it listens without them.
const SERVICES_TIMEOUT_MS = 10_000

// Starts those components that belong to this process. `refused` is rejected if it turns out later that this build must
// not serve the data.
export async function startComponents(
  ports: StartPorts,
  parts: AsyncDisposableStack,
): Promise<{ url?: string; plcUrl?: string; refused: Promise<never> }> {
  const { config, secrets, folder, log } = ports
  await mustListen(config)
  // Loading these takes the largest part of a start, so the engine starts meanwhile.
  const loading = import('#src/gateway/start.ts')
  loading.then(
    ({ preload }) => config.role !== 'actors' && preload(),
    () => {}, // A rejection is thrown by the await below.
  )
  const { shared, ownEngine, storeWatch } = await startActorsOf(ports, parts, ports)
  const { checkData } = await import('#src/gateway/data-checks/check-data.ts')
  if (config.role === 'actors') {
    const operator = { ...shared, storeWatch, engineHealth: ownEngine, config, secrets }
    await startOperatorPort(operator, parts)
    return { refused: refusedBy(checkData(shared.dispatch, secrets, config, log)) }
  }
  const plcUrl = config.identity.plcUrl ?? (await startPlcDirectory(config, folder, log, parts))
  const checked = checkData(shared.dispatch, secrets, config, log)
  await Promise.race([
    Promise.all([wakeServices(shared.dispatch), checked]),
    pause(SERVICES_TIMEOUT_MS, undefined, { ref: false }),
  ])
  const { startGateway } = await loading
  const gateway = await startGateway({
    ...shared,
    storeWatch,
    engineHealth: ownEngine,
    config,
    secrets,
    plcUrl,
    mailFolder: folder.at('mail'),
    isAtRest: ports.isAtRest,
  }).catch((error) => {
    // Another program may have taken the port since the check.
    throw listenError(error, portOf(config))
  })
  parts.defer(() => gateway.stop())
  return { url: gateway.url, plcUrl, refused: refusedBy(checked) }
}

function refusedBy(check: Promise<void>): Promise<never> {
  const refused = check.then(() => new Promise<never>(() => {}))
  refused.catch(() => {}) // It is thrown where it is awaited.
  return refused
}

const portOf = ({ gateway: { host, port } }: Pick<Config, 'gateway'>) => ({
  host,
  port,
  portVariable: 'PDS_PORT',
  hostVariable: 'PDS_HOST',
})

// Before the engine starts, so that a start that cannot succeed leaves nothing behind.
async function mustListen({ role, gateway, metrics, identity }: Config): Promise<void> {
  const { host } = gateway
  if (role === 'actors') {
    const { port } = metrics
    if (port !== undefined) await mustBeFree({ host, port, portVariable: 'PDS_METRICS_PORT' })
    return
  }
  await mustBeFree(portOf({ gateway }))
  const { plcUrl, devPlcPort: port } = identity
  if (plcUrl !== undefined || port === undefined) return
  await mustBeFree({ host: '127.0.0.1', port, portVariable: 'PDS_DEV_PLC_PORT' })
}

// Wakes directory and sequencer, so that the first requests need not wait for them, and so that neither is still
// starting if the server is stopped soon.
async function wakeServices({ directory, sequencer }: Dispatch): Promise<void> {
  await Promise.allSettled([
    directory.reminders.list({ after: '', limit: 1 }),
    sequencer.log.bounds(),
  ])
}

async function startPlcDirectory(
  config: Config,
  folder: DataFolder,
  log: Log,
  parts: AsyncDisposableStack,
): Promise<string> {
  const { startDevelopmentPlc } = await import('#src/plc/development-plc.ts')
  const port = config.identity.devPlcPort
  const plc = await startDevelopmentPlc({ path: folder.at('plc.sqlite'), port, log })
  parts.defer(() => plc.stop())
  return plc.url
}
