/**
 * A process of actors of an older or a newer release, for tests: `node actor-process.ts <endpoint> <older|newer>`. The
 * older one is this release without `repo.recentRecords`; the newer one has a release number and a migration more. It
 * prints `woke <actor> <key>` for every actor that it serves.
 */
import { accountActions } from '#actors/actions/account.ts'
import { schemas } from '#actors/schemas.ts'
import { startActors } from '#actors/start.ts'
import { type LiveActor, LiveActors } from '#src/engine/live-actors.ts'
import { createLog } from '#src/log.ts'
import { release } from '#src/release.ts'
import { testSettings } from '#tests/support/actors.ts'

class ReportedActors extends LiveActors {
  override add(name: string, key: string, actor: LiveActor): void {
    process.stdout.write(`woke ${name} ${key}\n`)
    super.add(name, key, actor)
  }
}

const [, , endpoint, which] = process.argv
const isNewer = which === 'newer'
if (!isNewer) Reflect.deleteProperty(accountActions.repo, 'recentRecords')
const engine = { endpoint: endpoint!, token: 'engine-token', namespace: 'default' }
const settings = testSettings(engine, {
  sleepTimeoutMs: 1_000,
  live: new ReportedActors(),
  log: createLog('info'),
  release: isNewer ? release + 1 : release,
  schemas: isNewer
    ? { ...schemas, account: [...schemas.account, ['CREATE TABLE of_next_release (n INTEGER)']] }
    : schemas,
})
const actors = await startActors(settings, engine)
process.stdout.write('ready\n')
process.on('SIGTERM', async () => {
  await actors.stop()
  process.exit(0)
})
