/** The actions of each release: a change of their names needs a new release number (docs/design/upgrades.md). */
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { accountActions } from '#actors/actions/account.ts'
import { authorizationActions } from '#actors/actions/authorization.ts'
import { channelsActions } from '#actors/actions/channels.ts'
import { directoryActions } from '#actors/actions/directory.ts'
import { limiterActions } from '#actors/actions/limiter.ts'
import { sequencerActions } from '#actors/actions/sequencer.ts'
import { tenantActions } from '#actors/actions/tenant.ts'
import { webhooksActions } from '#actors/actions/webhooks.ts'
import { release } from '#src/release.ts'

function namesOf(kind: string, actions: object): string[] {
  return Object.entries(actions).flatMap(([group, entry]) =>
    typeof entry === 'object' && entry !== null && !('run' in entry)
      ? Object.keys(entry).map((name) => `${kind}.${group}.${name}`)
      : [`${kind}.${group}`],
  )
}

it('the names of the actions change only together with the release number', async () => {
  const names = [
    ...namesOf('account', accountActions),
    ...namesOf('authorization', authorizationActions),
    ...namesOf('channels', channelsActions),
    ...namesOf('directory', directoryActions),
    ...namesOf('limiter', limiterActions),
    ...namesOf('sequencer', sequencerActions),
    ...namesOf('tenant', tenantActions),
    ...namesOf('webhooks', webhooksActions),
  ].sort()
  const file = join(import.meta.dirname, `../../fixtures/actions/release-${release}.txt`)
  await expect(`${names.join('\n')}\n`).toMatchFileSnapshot(file)
})
