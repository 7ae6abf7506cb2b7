// A TLS server of node 0.10 (OpenSSL 1.0.1): METHOD is SSLv2_method, or SSLv23_method
// for everything from SSLv2 to TLS 1.2. Not for the web: started by lab.sh, in a
// network namespace of the test's own.
var fs = require('fs'), tls = require('tls');
var files = process.argv[2], port = +process.argv[3], method = process.argv[4];

process.on('uncaughtException', function (e) { console.log(e.stack);  });
tls.createServer({
	key: fs.readFileSync(files + '.key'),
	cert: fs.readFileSync(files + '.crt'), // SSLv2 sends no chain
	secureProtocol: method,
	ciphers: 'ALL'
}, function (socket) {
	socket.end('hello\n');
}).listen(port, '::');
