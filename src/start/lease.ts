/** Whether this process may answer for its actors without asking the engine, if they can move to other processes. */
import type { Config } from '#src/config/config.ts'
import type { EngineAddress } from '#src/engine/engine-api.ts'
import { EngineLease, endlessLease, type Lease } from '#src/engine/engine-lease.ts'
import type { Log } from '#src/log.ts'
import { systemTimer } from '#src/ports/timer.ts'
import { isAlone } from '#src/start/peers.ts'

interface Ports {
  config: Pick<Config, 'role' | 'engine'>
  engine: EngineAddress
  /** By which the engine knows this process; undefined if it stops before that. */
  envoyKey: Promise<string | undefined>
  log: Log
}

/** Until the key is known it is current: the process has just joined. */
export async function openLease(ports: Ports, parts: AsyncDisposableStack): Promise<Lease> {
  const { config, envoyKey } = ports
  if (config.role === 'gateway' || isAlone(config)) return endlessLease
  let lease = endlessLease
  void envoyKey.then(async (key) => {
    if (key !== undefined) lease = await startLease(ports, key, parts)
  })
  return {
    isCurrent: () => lease.isCurrent(),
    whenLapsed: (run) => lease.whenLapsed(run),
    get lapses() {
      return lease.lapses
    },
  }
}

async function startLease(
  { engine, log }: Ports,
  envoyKey: string,
  parts: AsyncDisposableStack,
): Promise<Lease> {
  const { findEnvoy } = await import('#src/engine/engine-api.ts')
  const lease = new EngineLease({
    timer: systemTimer,
    lastPing: async () => (await findEnvoy(engine, envoyKey))?.last_ping_ts,
    onLapse: (forMs) =>
      log.warn(
        { forMs: Math.round(forMs) },
        'the engine had not heard this process for a while: each of its actors is looked up again',
      ),
  })
  const stop = lease.start()
  if (parts.disposed) stop()
  else parts.defer(stop)
  return lease
}
