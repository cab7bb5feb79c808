/** Messages of the pages about domains, and of the emails about them, in German. */

import type { en } from "./en";

export const de: typeof en = {
  title: "Deine Domains",
  about:
    "Mit einer eigenen Domain bleibt deine Adresse gleich, auch wenn du zu einem anderen Anbieter wechselst. Füge eine Domain hinzu und weise nach, dass sie dir gehört.",
  none: "Du hast noch keine Domain hinzugefügt.",
  add: "Domain hinzufügen",
  domain: "Domain",
  domainHint: "Zum Beispiel alice.example",
  submit: "Hinzufügen",
  nameProblems: {
    invalid: "Das ist kein Name einer Domain. Gib einen wie alice.example ein.",
    local: "Dieser Name gilt nur innerhalb eines Netzwerks. Gib einen ein, der überall gilt.",
    "public-suffix":
      "Das ist keine Domain einer einzelnen Person: Auch andere haben Namen darunter.",
    provider: "Diese Domain gehört zu dieser Website.",
  },
  tooMany: (max) => `Du kannst höchstens ${max} Domains haben. Entferne zuerst eine.`,
  unavailable:
    "Diese Website kann Domains nicht prüfen. Der Betreiber kann deine Domain hinzufügen.",
  details: "Details",
  detailsOf: (host) => `Details zu ${host}`,
  states: {
    active: "Aktiv",
    given: "Aktiv. Der Betreiber dieser Website hat sie für dich hinzugefügt.",
    open: "Wartet auf deinen Nachweis",
    failing: "Dein Nachweis ist nicht mehr zu finden",
    taken: "Gehört einem anderen Konto",
  },
  active: "Diese Domain gehört dir. Deine Adresse gilt, sobald die Domain hierher zeigt.",
  openUntil: "Veröffentliche den Wert unten, sonst verfällt dieser Eintrag:",
  failing:
    "Der Wert unten ist nicht mehr zu finden. Veröffentliche ihn wieder, sonst gilt diese Domain nur noch bis:",
  taken:
    "Dein Wert wurde gefunden, aber die Domain gehört hier einem anderen Konto, dessen Wert auch noch veröffentlicht ist. Entferne jenen Wert, und die Domain gehört dir. Wenn du ihn nicht findest, frage den Betreiber dieser Website.",
  address: "Deine Adresse",
  verified: "Zuletzt gefunden",
  keep: "Lass den Wert, wo er ist. Er wird einmal im Monat gesucht, und bevor etwas aufhört, erfährst du davon.",
  prove: "Weise nach, dass sie dir gehört",
  dns: {
    title: "Im DNS",
    about: "Füge dort, wo du das DNS der Domain verwaltest, einen Eintrag hinzu:",
    type: "Typ",
    name: "Name",
    nameHint: (label) => `Manche Anbieter wollen nur den ersten Teil: ${label}`,
    value: "Wert",
  },
  dnsFindings: {
    found: "Gefunden.",
    none: "Diesen Eintrag gibt es noch nicht. Nachdem du ihn hinzugefügt hast, kann es einige Minuten dauern, bis er überall zu sehen ist.",
    other:
      "Es gibt einen Eintrag mit diesem Namen, aber mit einem anderen Wert, vielleicht einem älteren.",
    differs: "Bisher sieht nur einer von zwei DNS-Servern den Wert. Der andere wird folgen.",
    alias:
      "Dieser Name ist ein Alias (CNAME) eines anderen Namens. Er muss selbst einen TXT-Eintrag haben.",
    refused: "Die Nameserver der Domain antworten nicht oder mit einem Fehler.",
    unavailable: "Das DNS ließ sich gerade nicht befragen.",
  },
  file: {
    title: "Oder mit einer Datei",
    about: "Wenn unter dieser Domain eine Website läuft, lege dort eine Textdatei ab:",
    url: "Adresse",
    content: "Inhalt",
  },
  fileFindings: {
    found: "Gefunden.",
    none: "Diese Datei gibt es noch nicht.",
    other: "Es gibt eine Datei, aber keine ihrer Zeilen ist dieser Wert.",
    redirect:
      "Diese Adresse leitet zu einer anderen weiter. Die Datei muss unter dieser Adresse selbst liegen.",
    unreachable: "Dort antwortet keine Website über https.",
  },
  checked: "Zuletzt geprüft",
  checksAgain: "Solange diese Seite offen ist, prüft sie von selbst weiter.",
  checkNow: "Jetzt prüfen",
  webFingerRules: {
    title: "Lass sie hierher zeigen",
    about: (host) =>
      `Apps fragen die Website unter ${host}, wo dein Speicher ist. Lass sie hierher verweisen; alles andere auf der Website bleibt, wie es ist.`,
    anywhere: [
      "Überall sonst lade",
      "diese Datei",
      " als .well-known/webfinger hoch. Wenn du den Anbieter wechselst, ersetze sie.",
    ],
    upload: ["Lade", "diese Datei", " als .well-known/webfinger hoch."],
    site: (host) => `In den Serverblock von ${host}:`,
    file: (name) => `In die Datei ${name}:`,
    emptyFile: (name) =>
      `Füge eine leere Datei mit dem Namen ${name} hinzu, damit Ordner veröffentlicht werden, die mit einem Punkt beginnen.`,
  },
  wholeHost: {
    title: "Dein Speicher unter dieser Domain",
    about:
      "Wenn unter dieser Domain sonst nichts ist, kann sie als Ganzes hierher führen. Dann hat auch dein Speicher dort eine Adresse, die Apps behalten, wenn du den Anbieter wechselst.",
    cname: (host) => `Mache ${host} im DNS zu einem Alias (CNAME) von:`,
    route:
      "Frage den Betreiber dieser Website, ob er diese Route hinzufügen kann; erst dann führt die Domain hierher:",
    tryIt: "Probiere es aus: Diese Seite muss den Zustand dieser Website zeigen:",
    root: "Adresse deines Speichers",
    on: "Meinen Speicher dort anbieten",
    onAbout:
      "Apps, die du danach mit der Adresse dieser Domain verbindest, verwenden sie. Apps, die schon verbunden sind, bleiben, wo sie sind.",
    off: "Meinen Speicher dort nicht mehr anbieten",
    offAbout: "Apps, die deinen Speicher dort verwenden, verlieren ihn, bis du sie neu verbindest.",
    isOn: "Dein Speicher ist unter dieser Domain erreichbar. Seiten sind es nicht.",
  },
  customHostname: {
    start: "Domain hierher zeigen lassen",
    startAbout:
      "Du änderst einen Eintrag im DNS. Das Zertifikat für die Domain kommt dann von selbst, von Cloudflare.",
    enter:
      "Füge im DNS diesen Eintrag hinzu. Er tritt an die Stelle aller anderen mit demselben Namen:",
    record: "Der Eintrag im DNS",
    target: "Ziel",
    nameHint:
      "Viele DNS-Anbieter erlauben diesen Eintrag nicht für eine ganze Domain wie alice.example. Füge dann hier einen Namen darunter hinzu, etwa storage.alice.example.",
    hostStates: {
      active: "Die Domain zeigt hierher.",
      pending:
        "Die Domain zeigt noch nicht hierher. Nachdem du das DNS geändert hast, kann es einige Minuten dauern.",
      moved:
        "Die Domain zeigt nicht mehr hierher, oder seit einer Woche noch nicht. Prüfe den Eintrag.",
      blocked:
        "Cloudflare lässt die Domain nicht hierher zeigen. Wenn sie dort in einem Konto von dir ist, sieh nach, ob sie gesperrt ist (Zone Hold).",
      deleted: "Die Domain hat zu lange nicht hierher gezeigt, und Cloudflare hat aufgegeben.",
    },
    certificateStates: {
      initializing: "Das Zertifikat wird beantragt.",
      pending_validation: "Das Zertifikat wartet darauf, dass die Domain hierher zeigt.",
      pending_issuance: "Das Zertifikat wird ausgestellt.",
      pending_deployment: "Das Zertifikat wird eingerichtet.",
      active: "Das Zertifikat ist gültig.",
      timed_out: "Das Zertifikat ließ sich nicht rechtzeitig ausstellen.",
      ended: "Es gibt kein Zertifikat mehr.",
    },
    errors: (text) => `Cloudflare meldet: ${text}`,
    problems: {
      refused: "Cloudflare nimmt den Namen dieser Domain nicht an.",
      taken: "Bei Cloudflare hat schon jemand anders diese Domain.",
      quota:
        "Im Moment können keine weiteren Domains hierher zeigen. Frage den Betreiber dieser Website.",
      operator:
        "Der Betreiber dieser Website muss zuerst etwas bei Cloudflare ändern. Es wird jeden Tag noch einmal versucht.",
      busy: "Cloudflare wird gerade zu oft gefragt. Es wird noch einmal versucht.",
      unavailable: "Cloudflare ließ sich gerade nicht fragen. Es wird noch einmal versucht.",
    },
    again: "Noch einmal versuchen",
    stop: "Domain nicht mehr hierher zeigen lassen",
    stopAbout: "Wenn du das beendest, ändere auch den Eintrag im DNS.",
  },
  remove: "Entfernen",
  removal: {
    title: (host) => `${host} entfernen?`,
    text: "Deine Adresse mit dieser Domain gilt dann nicht mehr. Dein Konto und deine Daten bleiben, wie sie sind.",
  },
  notFound: {
    title: "Domain nicht gefunden",
    sentence: "Diese Domain gehört nicht zu deinen, oder der Eintrag ist verfallen.",
  },
  back: "Deine Domains",
  mail: {
    failing: (host, until, link) => ({
      subject: `Deine Domain ${host} braucht deine Aufmerksamkeit`,
      text: `Der Wert, der nachweist, dass ${host} dir gehört, ist nicht mehr zu finden. Deine Adresse mit dieser Domain gilt bis ${until} und dann nicht mehr. Veröffentliche den Wert wieder, um sie zu behalten. Diese Seite erklärt es:\n${link}`,
    }),
    stopped: (host, _until, link) => ({
      subject: `Deine Domain ${host} ist abgeschaltet`,
      text: `Der Wert, der nachweist, dass ${host} dir gehört, hat zu lange gefehlt. Deine Adresse mit dieser Domain gilt nicht mehr. Dein Konto und deine Daten sind, wie sie waren. Veröffentliche den Wert wieder, um die Adresse zurückzubekommen. Diese Seite erklärt es:\n${link}`,
    }),
  },
};
