"""What bad input gets: a protocol-correct error, the connection goes on, nothing is stored."""

import base64
import time

from grid import TIMEOUT, GridCase


class BadSmtp(GridCase):
    def setUp(self):
        super().setUp()
        self.client = self.raw(self.not_primary(self.user), "smtp")
        self.addCleanup(self.client.close)
        self.assertEqual(220, self.client.reply()[0])
        self.assertEqual(250, self.client.command(b"EHLO client.test"))

    def begin_data(self):
        self.assertEqual(250, self.client.command(b"MAIL FROM:<sender@elsewhere.test>"))
        self.assertEqual(250, self.client.command(f"RCPT TO:<{self.user['address']}>".encode()))
        self.assertEqual(354, self.client.command(b"DATA"))

    def assert_nothing_stored(self):
        self.assertEqual([], self.inbox())

    def test_unknown_and_misplaced_commands(self):
        self.assertEqual(500, self.client.command(b"FROBNICATE"))
        self.assertEqual(503, self.client.command(b"DATA"))
        self.assertEqual(503, self.client.command(b"RCPT TO:<a@b.test>"))
        self.assertEqual(501, self.client.command(b"MAIL FROM:sender"))
        self.assertEqual(250, self.client.command(b"NOOP"))
        self.assert_nothing_stored()

    def test_an_over_long_line(self):
        self.assertEqual(500, self.client.command(b"NOOP " + b"x" * 100_000))
        self.assertEqual(250, self.client.command(b"NOOP"))

    def test_nul_and_8_bit_in_a_command(self):
        self.assertGreaterEqual(self.client.command(b"MAIL FROM:<a\0b@elsewhere.test>"), 500)
        self.assertGreaterEqual(self.client.command(b"\xff\xfe\0"), 500)
        self.assertEqual(250, self.client.command(b"NOOP"))

    def test_a_declared_size_over_the_limit(self):
        self.assertEqual(552, self.client.command(b"MAIL FROM:<a@elsewhere.test> SIZE=999999999999"))
        self.assertEqual(250, self.client.command(b"NOOP"))

    def test_wrong_ends_of_data_never_start_a_second_message(self):
        for end in (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r"):
            with self.subTest(end):
                self.begin_data()
                self.client.send(b"Subject: smuggled\r\n\r\nbody" + end +
                                 b"MAIL FROM:<x@elsewhere.test>\r\nRCPT TO:<y@elsewhere.test>\r\nDATA\r\nx\r\n.\r\n")
                self.assertGreaterEqual(self.client.reply()[0], 500)
                self.assertEqual(250, self.client.command(b"NOOP"))
        self.assert_nothing_stored()

    def test_nul_in_data(self):
        self.begin_data()
        self.client.send(b"Subject: nul\r\n\r\na\0b\r\n.\r\n")
        self.assertGreaterEqual(self.client.reply()[0], 500)
        self.assertEqual(250, self.client.command(b"NOOP"))
        self.assert_nothing_stored()

    def test_a_client_that_vanishes_in_data_or_in_or_between_chunks(self):
        for half in (b"DATA\r\nSubject: half\r\n\r\nhalf a mess", b"BDAT 100 LAST\r\nSubject: half\r\n\r\nhalf a mess",
                     b"BDAT 17\r\nSubject: half\r\n\r\n"):
            with self.raw(self.not_primary(self.user), "smtp") as client:
                client.reply()
                client.send(b"EHLO client.test\r\nMAIL FROM:<sender@elsewhere.test>\r\n"
                            b"RCPT TO:<%s>\r\n" % self.user["address"].encode() + half)
                self.assertEqual([250] * 3, [client.reply()[0] for _ in range(3)])
        time.sleep(1)
        self.assert_nothing_stored()


class BadSubmission(GridCase):
    def setUp(self):
        super().setUp()
        self.client = self.raw(self.not_primary(self.user), "submission")
        self.addCleanup(self.client.close)
        self.client.reply()
        self.client.command(b"EHLO client.test")

    def test_bad_base64_and_wrong_passwords(self):
        self.assertEqual(501, self.client.command(b"AUTH PLAIN !!!not base64!!!"))
        self.assertEqual(504, self.client.command(b"AUTH FROBNICATE"))
        wrong = base64.b64encode(b"\0%s\0wrong" % self.user["address"].encode())
        self.assertEqual(535, self.client.command(b"AUTH PLAIN " + wrong))
        self.assertEqual(334, self.client.command(b"AUTH PLAIN"))
        self.assertEqual(501, self.client.command(b"*"))
        self.assertEqual(250, self.client.command(b"NOOP"))


class BadImap(GridCase):
    def setUp(self):
        super().setUp()
        self.client = self.raw(self.not_primary(self.user), "imap")
        self.addCleanup(self.client.close)
        self.assertTrue(self.client.line().startswith(b"* OK"))

    def log_in(self):
        line = self.client.tagged(f'LOGIN "{self.user["address"]}" "{self.user["password"]}"'.encode())
        self.assertIn(b"t1 OK", line)

    def assert_alive(self):
        self.assertTrue(self.client.tagged(b"NOOP").startswith(b"t1 OK"))

    def test_unknown_and_misplaced_commands(self):
        self.assertTrue(self.client.tagged(b"FROBNICATE").startswith(b"t1 BAD"))
        self.assertTrue(self.client.tagged(b"SELECT INBOX").startswith((b"t1 BAD", b"t1 NO")))
        self.log_in()
        self.assertTrue(self.client.tagged(b"FETCH 1 (FLAGS)").startswith((b"t1 BAD", b"t1 NO")))
        self.assertTrue(self.client.tagged(b"SELECT Nowhere").startswith(b"t1 NO"))
        self.assert_alive()

    def test_wrong_password(self):
        line = self.client.tagged(f'LOGIN "{self.user["address"]}" wrong'.encode())
        self.assertTrue(line.startswith(b"t1 NO"), line)
        self.log_in()

    def test_bad_base64(self):
        self.client.send(b"t3 AUTHENTICATE PLAIN !!!\r\n")
        self.assertTrue(self.client.until_tag(b"t3").startswith((b"t3 BAD", b"t3 NO")))
        self.assert_alive()

    def test_an_over_long_line(self):
        self.client.send(b"t4 NOOP " + b"x" * 1_000_000 + b"\r\n")
        line = self.client.line()
        self.assertTrue(line.startswith((b"t4 BAD", b"* BAD", b"* BYE")), line)
        if not line.startswith(b"* BYE"):
            self.assert_alive()

    def test_a_literal_over_the_limit_is_refused_before_it_is_sent(self):
        self.log_in()
        self.client.send(b"t5 APPEND INBOX {99999999999}\r\n")
        line = self.client.line()
        self.assertTrue(line.startswith((b"t5 NO", b"t5 BAD")), line)
        self.assert_alive()

    def test_nul_in_a_message_and_in_a_command(self):
        self.log_in()
        self.client.send(b"t6 APPEND INBOX {5}\r\n")
        self.assertTrue(self.client.line().startswith(b"+"))
        self.client.send(b"a\0b\r\n\r\n")
        self.assertTrue(self.client.until_tag(b"t6").startswith((b"t6 NO", b"t6 BAD")))
        self.client.send(b"t7 NO\0OP\r\n")
        self.assertTrue(self.client.line().split(b" ")[1] == b"BAD")
        self.assert_alive()
        self.assertEqual([], self.inbox())

    def test_a_client_that_vanishes_in_a_literal(self):
        self.log_in()
        self.client.send(b"t8 APPEND INBOX {1000}\r\n")
        self.assertTrue(self.client.line().startswith(b"+"))
        self.client.send(b"Subject: half\r\n\r\n")
        self.client.close()
        time.sleep(1)
        self.assertEqual([], self.inbox())


class BadPop(GridCase):
    def test_misplaced_wrong_and_unknown(self):
        with self.raw(self.not_primary(self.user), "pop3") as client:
            self.assertTrue(client.line().startswith(b"+OK"))
            for command in (b"STAT", b"RETR 1", b"FROBNICATE", b"USER", b"PASS x", b"x" * 10_000):
                client.send(command + b"\r\n")
                self.assertTrue(client.line().startswith(b"-ERR"), command[:20])
            client.send(f"USER {self.user['address']}\r\nPASS wrong\r\n".encode())
            self.assertTrue(client.line().startswith(b"+OK"))
            self.assertTrue(client.line().startswith(b"-ERR"))
            client.send(f"USER {self.user['address']}\r\nPASS {self.user['password']}\r\n".encode())
            self.assertTrue(client.line().startswith(b"+OK"))
            self.assertTrue(client.line().startswith(b"+OK"))
            for command in (b"RETR 1", b"RETR 0", b"RETR -1", b"RETR 99999999999999999999", b"TOP 1", b"DELE x"):
                client.send(command + b"\r\n")
                self.assertTrue(client.line().startswith(b"-ERR"), command)
            client.send(b"NOOP\r\n")
            self.assertTrue(client.line().startswith(b"+OK"))
