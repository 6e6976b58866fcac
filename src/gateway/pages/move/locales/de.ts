/** The texts of the pages on moving to and from other servers in German. */
import type { MoveTexts } from '#src/gateway/pages/move/locales/en.ts'

export const de: MoveTexts = {
  moveHere: 'Dein Konto hierher umziehen',
  moveHereHelp:
    'Deine Follower, Beiträge, Bilder und Einstellungen kommen mit. Auf deinem alten Server ändert sich bis zum letzten Schritt nichts.',
  accountNow: 'Dein jetziges Konto',
  identifier: 'Handle',
  oldPassword: 'Passwort auf deinem alten Server',
  oldPasswordHelp:
    'Das Passwort des Kontos, kein App-Passwort. Es wird nur an diesen Server gesendet und nicht gespeichert.',
  factorCode: 'Anmeldecode dieses Servers',
  factorHelp: 'Nur wenn dieser Server dir beim Anmelden einen Code per E-Mail schickt.',
  accountHere: 'Dein Konto hier',
  name: 'Name',
  domain: 'Domain',
  keepHandle: 'Meine eigene Domain: Handle behalten',
  email: 'E-Mail-Adresse',
  newPassword: 'Neues Passwort für diesen Server',
  passwordHelp: 'Mindestens 8 Zeichen.',
  inviteCode: 'Einladungscode',
  start: 'Umzug beginnen',
  noAccountYet: 'Stattdessen ein neues Konto erstellen',
  haveBegun: 'Ich habe schon begonnen: fortsetzen',
  inviteLead:
    'Dein Konto @{handle} bei {server} ist eingeladen, hierher umzuziehen. Follower, Beiträge, Bilder und Einstellungen kommen mit.',
  inviteGone:
    'Dieser Link ist nicht mehr gültig. Bitte dort um einen neuen, wo du ihn bekommen hast.',
  inviteEmailHelp: 'Wenn du nichts einträgst, wird die Adresse von deinem alten Server verwendet.',
  mailSubject: 'Umzug deines Kontos @{handle} zu {here}',
  mailText:
    'Dein Konto @{handle} bei {server} ist eingeladen, zu {here} umzuziehen, mit Followern, Beiträgen und Bildern. Öffne diesen Link und halte dein Passwort für {server} bereit:',
  mailAfter:
    'Bei {server} ändert sich nichts, bis du den Umzug bestätigst. Wenn du nicht umziehen möchtest, ignoriere diese E-Mail.',
  noSuchAccount: 'Dieses Konto wurde nicht gefunden. Prüfe den Handle.',
  existsHere:
    'Dieses Konto gibt es auf diesem Server schon. Melde dich mit deinem Passwort hier an und öffne „Umziehen“.',
  alreadyHere: 'Die Identität dieses Kontos nennt bereits diesen Server.',
  wrongPassword: 'Das Passwort ist falsch.',
  codeNeeded:
    'Dieser Server hat dir einen Code per E-Mail geschickt. Gib ihn ein, und noch einmal das Passwort.',
  badServer: 'Dieser Server kann nicht verwendet werden: {reason}',
  importsClosed: 'Dieser Server nimmt keine Konten von anderen Servern auf.',
  passwordShort: 'Das Passwort braucht mindestens 8 Zeichen.',
  moveAway: 'Auf einen anderen Server umziehen',
  moveAwayHelp:
    'Deine Follower, Beiträge und Bilder bleiben dir. Zuerst wird dein Konto kopiert, davon merkt niemand etwas. Umgezogen wird es erst, wenn du es mit einem Code bestätigst.',
  newServer: 'Adresse des neuen Servers',
  newServerHelp: 'Zum Beispiel pds.example.com. Frage dort, ob du einen Einladungscode brauchst.',
  next: 'Weiter',
  accountAt: 'Dein Konto auf {server}',
  passwordThere: 'Passwort für den neuen Server',
  otherServer: 'Einen anderen Server wählen',
  bringBack: 'Auf diesen Server zurückziehen',
  bringBackHelp: 'Dein Konto ist jetzt auf {server}. Seine Daten werden hierher zurückkopiert.',
  movingTo: 'Umzug auf {server}',
  movingFrom: 'Umzug von {server}',
  leaveOpen:
    'Du kannst diese Seite schließen. Das Kopieren läuft weiter, und du findest es hier wieder.',
  stepRepo: 'Beiträge und andere Einträge',
  stepBlobs: 'Bilder und andere Dateien',
  stepPreferences: 'Einstellungen deiner Apps',
  stepIdentity: 'Identität (DID)',
  stepActivate: 'Auf dem neuen Server aktivieren',
  stepDeactivate: 'Auf dem alten Server deaktivieren',
  nOf: '{n} von {total}',
  done: 'Erledigt',
  now: 'Läuft',
  yourTurn: 'Du bist dran',
  stopped: 'Angehalten',
  skipped: 'Nicht kopiert',
  missing: '{n} Dateien konnten nicht kopiert werden',
  missingHelp:
    'Der alte Server hat sie nicht mehr, oder der neue nimmt sie nicht an. Wenn du weitermachst, bleiben deine Beiträge ohne diese Dateien.',
  noPreferences: 'Einer der Server speichert keine Einstellungen von Apps.',
  stoppedBecause: 'Der Umzug wurde angehalten: {reason}',
  continue: 'Fortsetzen',
  sessionOver:
    'Deine Sitzung auf {server} ist beendet. Gib dein Passwort für diesen Server ein, um fortzufahren.',
  passwordAt: 'Passwort auf {server}',
  confirmTitle: 'Umzug bestätigen',
  confirmHelp:
    'Alles ist kopiert. Um deine Identität umzuziehen, gib den Code ein, den {server} dir per E-Mail schickt. Danach ist dein Konto auf dem neuen Server aktiv und auf dem alten deaktiviert.',
  sendCode: 'Code senden',
  codeSent: '{server} hat einen Code an deine E-Mail-Adresse geschickt.',
  code: 'Code aus der E-Mail',
  wrongCode: 'Der Code ist falsch oder abgelaufen.',
  moveNow: 'Jetzt umziehen',
  copyAgain: 'Noch einmal kopieren',
  ownDidTitle: 'Dein DID-Dokument ändern',
  ownDidHelp:
    'Deine Identität ist eine did:web, die nur du ändern kannst. Veröffentliche diese Werte in ihrem Dokument und mach dann weiter.',
  signingKey: 'Signaturschlüssel',
  endpoint: 'PDS-Adresse',
  published: 'Ich habe es veröffentlicht',
  cancel: 'Umzug abbrechen',
  cancelIn:
    'Auf deinem alten Server hat sich nichts geändert. Ein Konto, das hier neu ist, wird innerhalb von drei Tagen gelöscht.',
  cancelOut:
    'Die Kopie auf {server} bleibt dort, deaktiviert. Auf diesem Server hat sich nichts geändert.',
  doneIn: 'Dein Konto ist jetzt auf diesem Server',
  doneInHelp:
    'Melde dich in deinen Apps neu an, als {handle} und mit dem Passwort dieses Servers. Auf {server} ist dein Konto deaktiviert; du kannst es dort löschen.',
  doneOut: 'Dein Konto ist jetzt auf {server}',
  doneOutHelp:
    'Melde dich in deinen Apps neu an, mit dem Passwort jenes Servers. Hier ist dein Konto deaktiviert. Wenn dort alles funktioniert, kannst du diese Kopie löschen.',
  deleteCopy: 'Diese Kopie löschen',
  close: 'Schließen',
}
