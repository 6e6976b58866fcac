/**
 * A process of actors, for tests, as `SpawnedActors` starts it: `node actor-process.ts <options as JSON>`. It prints
 * `woke <actor> <key>` for every actor that it begins to serve, and `left <actor> <key>` at the end.
 */
import { accountActions } from '#actors/actions/account.ts'
import { schemas } from '#actors/schemas.ts'
import { startActors } from '#actors/start.ts'
import { type LiveActor, LiveActors } from '#src/engine/live-actors.ts'
import { createLog } from '#src/log.ts'
import { systemTimer } from '#src/ports/timer.ts'
import { release } from '#src/release.ts'
import { testSettings } from '#tests/support/actors.ts'

export interface ActorProcessOptions {
  endpoint: string
  /**
   * The older one is this release without `repo.recentRecords`; the newer one has a release number and a migration more.
   */
  release: 'older' | 'this' | 'newer'
  processId?: string
  sleepTimeoutMs?: number
  /** Our own timers and the clock are this many times as fast, the clock since `since`. */
  speed?: number
  since?: number
}

class ReportedActors extends LiveActors {
  override add(name: string, key: string, actor: LiveActor): void {
    process.stdout.write(`woke ${name} ${key}\n`)
    super.add(name, key, actor)
  }

  override remove(name: string, key: string, actor: LiveActor): void {
    if (this.find(name, key) === actor) process.stdout.write(`left ${name} ${key}\n`)
    super.remove(name, key, actor)
  }
}

const options: ActorProcessOptions = JSON.parse(process.argv[2]!)
const { endpoint, processId = String(process.pid), speed = 1, since = 0 } = options
// The engine, which has its own clock, says when it registered this process.
let isStarted = false
const isNewer = options.release === 'newer'
if (options.release === 'older') Reflect.deleteProperty(accountActions.repo, 'recentRecords')
const engine = { endpoint, token: 'engine-token', namespace: 'default' }
const settings = testSettings(engine, {
  sleepTimeoutMs: options.sleepTimeoutMs ?? 1_000,
  processId,
  clock: { now: () => (isStarted ? Math.floor(since + (Date.now() - since) * speed) : Date.now()) },
  timer: (ms, run) => systemTimer(ms / speed, run),
  live: new ReportedActors(),
  log: createLog('info'),
  release: isNewer ? release + 1 : release,
  schemas: isNewer
    ? { ...schemas, account: [...schemas.account, ['CREATE TABLE of_next_release (n INTEGER)']] }
    : schemas,
})
const actors = await startActors(settings, engine)
isStarted = true
process.stdout.write('ready\n')
process.on('SIGTERM', async () => {
  await actors.stop()
  process.exit(0)
})
