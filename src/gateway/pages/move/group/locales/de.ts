/** The texts of the pages on moving a group that are not those of an account, in German. */
import type { GroupMoveTexts } from '#src/gateway/pages/move/group/locales/en.ts'

export const de: GroupMoveTexts = {
  moveAwayHelp:
    'Die Gruppe behält ihre Follower, Beiträge und Bilder. Zuerst wird sie kopiert, davon merkt niemand etwas. Umgezogen wird sie erst, wenn du es mit einem Code bestätigst.',
  accountAt: 'Die Gruppe auf {server}',
  bringBackHelp:
    'Die Gruppe ist jetzt auf {server}. Ihre Daten werden hierher zurückkopiert, zu ihren Mitgliedern und Rollen.',
  missingHelp:
    'Der alte Server hat sie nicht mehr, oder der neue nimmt sie nicht an. Wenn du weitermachst, bleiben die Beiträge der Gruppe ohne diese Dateien.',
  confirmHelp:
    'Alles ist kopiert. Um die Identität der Gruppe umzuziehen, gib den Code ein, den {server} per E-Mail schickt. Danach ist die Gruppe auf dem neuen Server aktiv und auf dem alten deaktiviert.',
  codeSent: '{server} hat den Code per E-Mail geschickt.',
  cancelIn: 'Auf dem alten Server hat sich nichts geändert. Hier bleibt die Gruppe deaktiviert.',
  doneIn: 'Die Gruppe ist jetzt auf diesem Server',
  doneInHelp:
    'Mitglieder, Rollen und Protokoll sind wie zuvor. Auf {server} ist die Gruppe deaktiviert; du kannst sie dort löschen.',
  doneOut: 'Die Gruppe ist jetzt auf {server}',
  doneOutHelp:
    'Melde dich dort mit dem Passwort an, das du gewählt hast. Hier ist die Gruppe deaktiviert, und niemand kann schreiben. Mitglieder, Rollen und Protokoll bleiben, falls sie zurückkommt.',
}
