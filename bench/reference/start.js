/** Starts the reference PDS from PDS_* variables, as its own distribution does. */
import { envToCfg, envToSecrets, PDS, readEnv } from '@atproto/pds'

const env = readEnv()
const pds = await PDS.create(envToCfg(env), envToSecrets(env))
await pds.start()

process.on('SIGTERM', async () => {
  await pds.destroy()
  process.exit(0)
})
