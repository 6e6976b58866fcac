/** Notices at a start that the server has another URL than the one in the DID documents of its accounts. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import type { Log } from '#src/log.ts'

const SETTING = 'public-url'

/** Warns once after each change: the accounts' documents name the URL at which each was created. */
export async function checkPublicUrl(
  { directory }: Pick<Dispatch, 'directory'>,
  publicUrl: string,
  log: Pick<Log, 'warn'>,
): Promise<void> {
  const { settings } = directory
  const stored = await settings.get({ name: SETTING })
  if (stored === publicUrl) return
  if (stored !== null) {
    log.warn(
      `This server was ${stored} and is now ${publicUrl} (PDS_HOSTNAME, in development PDS_PORT): the DID documents of existing accounts still name ${stored}, where other servers and apps look for them, until you run: headwater hostname change --from ${stored}`,
    )
  }
  await settings.put({ name: SETTING, value: publicUrl })
}
