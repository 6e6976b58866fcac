/** Starts the components of this process, and stops them in reverse order on a signal. */
import { enableCompileCache } from 'node:module'
import { type Config, ConfigError, environment, readConfig } from '#src/config/config.ts'
import { configureNativeModules } from '#src/config/native-modules.ts'
import {
  type Component,
  DataFolder,
  refuseReferenceData,
  refuseUnfinishedRestore,
} from '#src/data-folder.ts'
import { createLog, type Log } from '#src/log.ts'
import { startComponents } from '#src/start/components.ts'
import { handleProcessErrors } from '#src/start/process-errors.ts'
import { welcome } from '#src/start/welcome.ts'

// The process exits with 1 if stopping takes longer.
const STOP_TIMEOUT_MS = 20_000

// Modules loaded from here on load faster at the next start.
enableCompileCache()

try {
  const config = readConfig(environment())
  await main(config, createLog(config.log.level))
  process.exit(0)
} catch (error) {
  // Expected errors are printed as one message; only a bug needs its stack.
  const isExpected = error instanceof ConfigError || (error as Error).name === 'Error'
  console.error(isExpected ? `headwater: ${(error as Error).message}` : error)
  process.exit(1)
}

async function main(config: Config, log: Log): Promise<void> {
  const signal = stopSignal()
  const unhandledRejections = handleProcessErrors(log, process)
  for (const warning of config.warnings) log.warn(warning)
  refuseReferenceData(config.dataDirectory, config.referenceData)
  refuseUnfinishedRestore(config.dataDirectory)
  const folder = new DataFolder(config.dataDirectory)
  for (const warning of folder.warnings) log.warn(warning)
  await using parts = new AsyncDisposableStack()
  parts.use(folder.lock(componentsOf(config)))
  const secrets = folder.secrets(config.secrets)
  configureNativeModules(config)
  const ports = { config, secrets, folder, log, unhandledRejections }
  // Node exits if nothing but promises is left to wait for, as while an engine elsewhere does not answer.
  const alive = setInterval(() => {}, 60_000)
  parts.defer(() => clearInterval(alive))
  const { url, plcUrl, refused } = await startComponents(ports, parts)
  console.log(welcome(config, folder, { url, plcUrl }))
  log.info({ signal: await Promise.race([signal, refused]) }, 'stopping')
}

function componentsOf({ role, engine }: Config): Component[] {
  const components: Component[] = role === 'all' ? ['gateway', 'actors'] : [role]
  return engine.endpoint === undefined ? [...components, 'engine'] : components
}

// Resolves with the first signal. Later ones are ignored: stopping is limited by STOP_TIMEOUT_MS anyway.
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.on(signal, () => {
        resolve(signal)
        setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref()
      })
    }
  })
}
