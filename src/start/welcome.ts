/** What a start prints once the server can be used. */
import type { Config } from '#src/config/config.ts'
import type { DataFolder } from '#src/data-folder.ts'

/** `listening` is the URL of the gateway; undefined in a process without one. */
export function welcome(
  config: Config,
  folder: Pick<DataFolder, 'path' | 'at'>,
  listening: string | undefined,
): string {
  const { publicUrl } = config.gateway
  const lines = [`Headwater (${config.role}) stores its data in ${folder.path}`]
  if (listening !== undefined) {
    lines.unshift(`Headwater is at ${publicUrl} and listens on ${listening}`)
  }
  if (listening !== undefined && config.mode === 'development') {
    const body = '{"handle":"alice.test","email":"alice@example.com","password":"correct horse"}'
    lines.push(
      'Create an account:',
      `  curl -H 'content-type: application/json' -d '${body}' \\`,
      `    ${publicUrl}/xrpc/com.atproto.server.createAccount`,
      `Secrets are stored in ${folder.at('secrets.json')}. Press Ctrl-C to stop.`,
    )
  }
  return lines.join('\n')
}
