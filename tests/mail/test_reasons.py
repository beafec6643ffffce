"""Why a letter failed, in the words of hosts, and whether that means that the address is dead."""

import pytest

from gateway.mail.failures import is_hard, status_of

DEAD = (
    "550 cat@dead.example: Recipient address rejected: Access denied",
    "550 Address not present in the directory",
    "550 Mailbox not present",
    "550 your envelope recipient has been denied",
    "554 No one at this address",
    "550 This address no longer accepts mail",
    "550 RCPT (cat@dead.example) doesn't exist",
    "550 no cat in name directory",
    "550 <cat@dead.example> not found",
    "550 No existe ese usuario",
    "550 Nessun utente simile in questo indirizzo",
    "550 recipient not accepted",
    "550 cuda_nsu cat@dead.example",
    "550 No MX record found for domain=dead.example",
    "550 Recipient address rejected: Domain not found",
    "550 수신자를 찾을 수 없습니다",
    "550 탈퇴한 계정: 아이디가 존재하지 않습니다",
    "ディレクトリのリストにありません",
    "kim が dead.example で見つかりませんでした。",
    "找不到您輸入的電子郵件地址。",
    "kim wurde in dead.example nicht gefunden.",
    "No se encontró la dirección de correo electrónico que especificó.",
    "O endereço de email inserido não pôde ser encontrado.",
    "Impossibile trovare l'indirizzo di posta elettronica immesso.",
    "Het e-mailadres dat u hebt ingevoerd is niet gevonden.",
    "Nie można odnaleźć wprowadzonego adresu e-mail.",
    "Den angivna e-postadressen kunde inte hittas.",
    "Den angivne mailadresse blev ikke fundet.",
    "Antamaasi sähköpostiosoitetta ei löydy.",
    "Zadaná e-mailová adresa nebyla nalezena.",
    "A megadott e-mail-cím nem található.",
    "Girdiğiniz e-posta adresi bulunamadı.",
    "Không tìm thấy địa chỉ email bạn đã nhập.",
)
ALIVE = (
    "550 5.1.8 Domain of sender address desk@ours.example does not exist",
    "550 <desk@ours.example>: Sender address rejected: User unknown in local recipient table",
    "550 <desk@ours.example>: address rejected (in reply to MAIL FROM command)",
    "550 Verification failed for <desk@ours.example>: Unrouteable address; Sender verify failed",
    "550 null sender is not allowed",
    "554 you are sending to/from an address that has been blacklisted",
    "550 Client host rejected: cannot find your reverse hostname, [192.0.2.1]",
    "504 <mx.ours>: Helo command rejected: Host not found",
    "550 reverse DNS lookup for host mx.ours.example failed permanently",
    "450 Recipient address rejected: Greylisted, try again later",
    "550 Recipient address rejected: Policy rejection",
    "550 cannot verify user, please try again later",
    "550 DNS lookup failure: dead.example, try again later",
    "550 5.7.1 helo: domain does not exist: our.example",
    "550 not allowed to send from desk@ours.example per its SPF record",
    "554 Name service error for name=dead.example type=MX: Malformed or unexpected name server reply",
    "550 Refused due to recipient preferences",
    "551 is a deactivated mailbox",
    "552 quota exceeded",
    "550 5.7.1 이 메시지를 받는 사람에게 보낼 권한이 없습니다.",
)
FULL = (
    "받는 사람의 사서함이 꽉 차서 지금 메시지를 받을 수 없습니다.",
    "受信者のメールボックスがいっぱいで、現在メッセージを受け取ることができません。",
    "Mottagarens postlåda är full.",
    "Modtagerens postkasse er fuld.",
    "Het postvak van de geadresseerde is vol.",
    "La cassetta postale del destinatario è piena.",
    "Alıcının posta kutusu dolu.",
    "Schránka příjemce je plná.",
    "A címzett postafiókja megtelt.",
    "Hộp thư của người nhận đã đầy.",
    "Vastaanottajan postilaatikko on täynnä.",
)


@pytest.mark.parametrize("said", DEAD)
def test_these_words_mean_a_dead_address(said: str) -> None:
    assert is_hard(status_of("", said), said), status_of("", said)


@pytest.mark.parametrize("said", ALIVE)
def test_these_words_say_nothing_against_the_address(said: str) -> None:
    assert not is_hard(status_of("", said), said), status_of("", said)


@pytest.mark.parametrize("said", FULL)
def test_a_full_mailbox_is_one_in_these_words(said: str) -> None:
    assert status_of("", said) == "5.2.2"
    assert not is_hard("5.2.2", said)


def test_a_broken_name_server_is_no_dead_domain_whatever_the_status() -> None:
    said = "Name service error for name=a.example type=MX: Malformed or unexpected name server reply"
    assert not is_hard("5.4.4", said)
    assert is_hard("5.4.4", "Host or domain name not found. Name service error for name=a.example type=A: not found")
