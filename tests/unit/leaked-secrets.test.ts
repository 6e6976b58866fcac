/** The patterns that the tests look for in the log of every server that they start. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { leakedSecrets } from '#tests/support/leaked-secrets.ts'
import { tempFolder } from '#tests/support/temp-folder.ts'

function folderWith(secrets: object): string {
  const folder = tempFolder('secrets')
  writeFileSync(join(folder, 'secrets.json'), JSON.stringify(secrets))
  return folder
}

it.each([
  ['a token', '{"err":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJkaWQ6cGxjOmEifQ.c2ln is wrong"}'],
  ['credentials', '{"headers":{"authorization":"Basic YWRtaW46c2VjcmV0LXBhc3M="}}'],
  ['a refresh token or a code of an app', `{"token":"ref-${'0a'.repeat(32)}"}`],
  ['a code that was mailed', '{"text":"your code is ABCDE-FGH23"}'],
  ['an app password', '{"password":"abcd-efgh-ijkl-mno2"}'],
  ['a secret of the server', '{"secret":"made-up-at-the-start"}'],
])('%s in a log is found', (what, line) => {
  const folder = folderWith({ adminPassword: 'made-up-at-the-start' })
  expect(leakedSecrets(`fine\n${line}\n`, folder)).toEqual([`${what}: ${line}`])
})

it('ordinary log lines contain no secrets', () => {
  const line = '{"id":"PUbZdeuE-1j","did":"did:plc:bqye2k2p7odvub2cnnqwjom3","msg":"Bearer token"}'
  expect(leakedSecrets(line, folderWith({}))).toEqual([])
  expect(leakedSecrets(line, '/nowhere')).toEqual([])
})
