// OpenSSL 1.0.1e of node 0.10.0 (Heartbleed, CCS injection) behind a loop of our own:
// node's own keeps what OpenSSL answers between two turns of a handshake to itself.
// Not for the web: started by lab.sh, in a network namespace of the test's own.
var crypto = require('crypto'), fs = require('fs'), net = require('net');
var Connection = process.binding('crypto').Connection;
var files = process.argv[2], port = +process.argv[3];

process.on('uncaughtException', function (e) { console.log(e.stack);  });
var credentials = crypto.createCredentials({
	key: fs.readFileSync(files + '.key'),
	cert: fs.readFileSync(files + '.crt'),
	ca: [fs.readFileSync(files + '.pem')], // what it finds the chain in
	ciphers: process.argv[4] || 'ALL'
});
net.createServer(function (socket) {
	var connection = new Connection(credentials.context, true, false, false);
	var bytes = new Buffer(65536);

	connection.onhandshakestart = connection.onhandshakedone = function () {};
	connection.onnewsession = function () {};
	connection.onclienthello = function () { connection.loadSession(null); };
	function flush() {
		var length;

		while ((length = connection.encOut(bytes, 0, bytes.length)) > 0)
			socket.write(new Buffer(bytes.slice(0, length)));
	}
	socket.on('error', function () {});
	socket.on('data', function (chunk) {
		var over;

		connection.encIn(chunk, 0, chunk.length);
		connection.start();
		over = connection.error;
		connection.error = false; // or it asserts
		if (!over)
			connection.clearOut(bytes, 0, bytes.length);
		flush();
		if (over)
			socket.end();
	});
}).listen(port, '::');
