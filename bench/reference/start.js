/** Starts the reference PDS from PDS_* variables, as its own distribution does. */
import { promises as dns } from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import { envToCfg, envToSecrets, PDS, readEnv } from '@atproto/pds'

const nameServer = process.env.BENCH_NAME_SERVER
if (nameServer) {
  dns.setServers([nameServer])
  syncBuiltinESMExports()
}

const env = readEnv()
const pds = await PDS.create(envToCfg(env), envToSecrets(env))
await pds.start()

process.on('SIGTERM', async () => {
  await pds.destroy()
  process.exit(0)
})
