/** The words for states and audit actions. */
import { expect, it } from 'vitest'
import { messagesFor } from '#src/gateway/pages/messages.ts'
import { word } from '#src/gateway/pages/words/words.ts'

const english = { messages: messagesFor('en') }
const german = { messages: messagesFor('de') }

it.each([
  ['archive.putBucket', 'Set the bucket for archives'],
  ['archive.deleteBucket', 'Removed the bucket for archives'],
  ['archive.createArchive', 'Archived the group'],
  ['migration.begin', 'Began to move the group'],
  ['migration.end', 'Ended the move of the group'],
  ['identity.requestPlcToken', 'Asked for a code to change the identity'],
  ['identity.consumePlcToken', 'Used the code to change the identity'],
  ['import.finish', 'Imported the records'],
  ['dev.headwater.admin.createArchive', 'Archived an account'],
  ['dev.headwater.admin.restoreArchive', 'Restored an archive'],
  ['putHistory', 'Changed how long the history is kept'],
  ['createMoveInvites', 'Invited accounts to move'],
])('the audit action %s is shown in words of the reader', (action, words) => {
  expect(word(english, 'action', action)).toBe(words)
  expect(word(german, 'action', action)).not.toBe(words)
  expect(word(german, 'action', action)).not.toBe(action)
})

it('an unknown value is shown as it is', () => {
  expect(word(german, 'action', 'something.new')).toBe('something.new')
  expect(word(german, 'relay', 'constructor')).toBe('constructor')
})
